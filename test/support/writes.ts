/** Every write of the API, each with something that it can be done to, and how often that was done. */
import { randomUUID } from 'node:crypto';
import type { ApiClient } from '../../dev/apiClient';
import { newAdvertiser } from './advertisers';
import { ownProgram, type Enrolled } from './ownProgram';
import { publishProgram } from './programs';
import { sendTest, subscribe } from './subscriptions';
import { ADVERTISER, type TestService } from './testService';

export interface Write {
  /** As a route: POST and its path. */
  route: string;
  status: 200 | 201 | 202;
  prepare(): Promise<Ask>;
}

/** One request that has not been made yet. */
export interface Ask {
  by: ApiClient;
  path: string;
  body: unknown;
  /** How often what it asks for is there. */
  count(): Promise<number>;
  /** What the answer holds, also where nothing is left to make it from. */
  answer?: Record<string, unknown>;
}

const HOOK = 'http://127.0.0.1:1/hooks';
const CALCULATION = '2023-12-04T00:00:00Z';
const ABOVE_THRESHOLD = '25000.00';

/** `approvals` credits can be decided on. */
export async function writesOf(t: TestService, approvals: number): Promise<Write[]> {
  const program = await ownProgram(t);
  const toApprove = await awaitingApproval(t, approvals);

  const rows = async (sql: string, ...values: unknown[]) =>
    (await t.db.query<{ count: number }>(`select count(*)::int as count from ${sql}`, values)).rows[0]!.count;
  const events = (id: string, type: string) => () =>
    rows('timeline_event where enrollment_id = $1 and event_type = $2', id, type);
  const decisions = (id: string, kind: string) => () =>
    rows('decision where enrollment_id = $1 and kind = $2', id, kind);

  /** To an enrollment that was looked up; `first` brings it to where the write can be done. */
  const toEnrollment = (
    path: string,
    by: ApiClient,
    body: (enrolled: Enrolled) => unknown,
    count: (id: string) => () => Promise<number>,
    first: (enrolled: Enrolled) => Promise<unknown> = () => Promise.resolve(),
  ): Write => ({
    route: `POST /v1/enrollments/{enrollmentId}/${path}`,
    status: 200,
    async prepare() {
      const enrolled = await program.enroll();
      await enrolled.untilEvent('advertiser_located');
      await first(enrolled);
      return { by, path: `${enrolled.path}/${path}`, body: body(enrolled), count: count(enrolled.id) };
    },
  });
  /** There is room for a few only, of subscriptions and of secrets. */
  const subscribeAnew = async () => {
    await t.db.query('delete from webhook_subscription');
    return subscribe(t.caller, HOOK, ['enrollment.ended']);
  };
  const dropSecrets = () => t.db.query('delete from webhook_secret where survey_partner is not null');
  const toSubscription = (
    path: string,
    status: Write['status'],
    body: unknown,
    counted: string,
    first: (id: string) => Promise<unknown> = () => Promise.resolve(),
  ): Write => ({
    route: `POST /v1/webhook-subscriptions/{subscriptionId}/${path}`,
    status,
    async prepare() {
      const { subscriptionId } = await subscribeAnew();
      await first(subscriptionId);
      return {
        by: t.caller,
        path: `/v1/webhook-subscriptions/${subscriptionId}/${path}`,
        body,
        count: () => rows(counted, subscriptionId),
      };
    },
  });
  const batch = (path: string, kind: string, item: object): Write => ({
    route: `POST ${path}`,
    status: 202,
    async prepare() {
      const items = [{ ...item, brandDomain: `${randomUUID()}.example` }];
      return Promise.resolve({
        ...{ by: t.partner, path, body: { items } },
        count: () => rows('batch where kind = $1', kind),
      });
    },
  });
  const keyOf = async (id: string) =>
    (await t.admin.post<{ keyId: string }>('/v1/api-keys', { role: 'auditor', id })).body.keyId;
  const toKey = (path: string, status: Write['status'], counted: string): Write => ({
    route: `POST /v1/api-keys/{keyId}/${path}`,
    status,
    async prepare() {
      const id = randomUUID();
      const keyId = await keyOf(id);
      return {
        ...{ by: t.admin, path: `/v1/api-keys/${keyId}/${path}`, body: {} },
        count: () => rows(`api_key where holder_id = $1 ${counted}`, id),
      };
    },
  });
  const secrets = () => rows('webhook_secret where survey_partner is not null');

  return [
    {
      route: 'POST /v1/enrollments',
      status: 201,
      prepare() {
        const form = t.form();
        const brand = new URL(form.brand.storeUrl).hostname;
        const count = () =>
          rows('submission join enrollment using (enrollment_id) where brand_key = $1', brand);
        return Promise.resolve({ by: t.caller, path: '/v1/enrollments', body: form, count });
      },
    },
    toEnrollment(
      'resubmission',
      t.caller,
      ({ form }) => ({ ...form, programId: undefined, externalId: 'again' }),
      (id) => events(id, 'resubmitted'),
    ),
    toEnrollment(
      'partner-confirmation',
      t.partner,
      () => ({ advertiserId: ADVERTISER }),
      (id) => events(id, 'partner_confirmed'),
    ),
    toEnrollment(
      'partner-rejection',
      t.partner,
      () => ({ advertiserId: ADVERTISER }),
      (id) => events(id, 'partner_rejected'),
    ),
    toEnrollment(
      'questionnaire',
      t.caller,
      () => ({ answers: t.answers }),
      (id) => events(id, 'questionnaire_completed'),
    ),
    toEnrollment(
      'questionnaire/reopening',
      t.admin,
      () => ({ note: 'A question was not understood.' }),
      (id) => events(id, 'questionnaire_reopened'),
      (enrolled) => enrolled.complete(),
    ),
    toEnrollment(
      'deferral',
      t.partner,
      () => ({ month: '2023-12' }),
      (id) => events(id, 'deferred'),
    ),
    toEnrollment(
      'hold',
      t.admin,
      () => ({ reasonCode: 'FRAUD_REVIEW', note: 'Two shops.' }),
      (id) => events(id, 'held'),
    ),
    toEnrollment(
      'release',
      t.admin,
      () => ({ note: 'Looked at.' }),
      (id) => events(id, 'released'),
      (enrolled) => enrolled.hold(),
    ),
    toEnrollment(
      'waiver',
      t.admin,
      () => ({ criterion: 'questionnaire', reasonCode: 'QUESTIONNAIRE_OVERDUE', note: 'On paper.' }),
      (id) => events(id, 'waived'),
    ),
    {
      route: 'POST /v1/enrollments/{enrollmentId}/approval',
      status: 200,
      async prepare() {
        const enrolled = toApprove.pop()!;
        const { statementId } = (await enrolled.now()).approval!;
        return {
          ...{ by: t.approver, path: `${enrolled.path}/approval`, body: { outcome: 'approve', statementId } },
          count: events(enrolled.id, 'approved'),
        };
      },
    },
    toEnrollment(
      'withdrawal',
      t.caller,
      () => ({}),
      (id) => events(id, 'ended'),
    ),
    toEnrollment(
      'new-enrollment-permission',
      t.admin,
      () => ({ note: 'They may try again.' }),
      (id) => decisions(id, 'new_enrollment'),
      (enrolled) => enrolled.withdraw(),
    ),
    toEnrollment(
      'restart',
      t.admin,
      () => ({ note: 'Terminated by mistake.' }),
      (id) => decisions(id, 'restart'),
      ({ workflow }) => workflow.terminate('by mistake'),
    ),
    toEnrollment(
      'erasure',
      t.admin,
      () => ({ note: 'Asked for by the contact.' }),
      (id) => decisions(id, 'erasure'),
      (enrolled) => enrolled.withdraw(),
    ),
    {
      route: 'POST /v1/erasures',
      status: 200,
      async prepare() {
        const contactEmail = `${randomUUID()}@private.example`;
        const enrolled = await program.enroll({ contact: { name: 'Nora Wind', email: contactEmail } });
        await enrolled.untilEvent('advertiser_located');
        await enrolled.withdraw();
        const body = { contactEmail, note: 'Asked for by the contact.' };
        const answer = { items: [{ enrollmentId: enrolled.id, outcome: 'erased', whatToDo: null }] };
        return { by: t.admin, path: '/v1/erasures', body, count: decisions(enrolled.id, 'erasure'), answer };
      },
    },
    {
      route: 'POST /v1/attention/{enrollmentId}/dismissal',
      status: 200,
      async prepare() {
        const enrolled = await program.enroll();
        await enrolled.workflow.signal('defer', { month: 'December' });
        await enrolled.untilEvent('message_refused');
        return {
          ...{ by: t.admin, path: `/v1/attention/${enrolled.id}/dismissal`, body: {} },
          count: () => rows('attention_dismissal where enrollment_id = $1', enrolled.id),
        };
      },
    },
    batch('/v1/partner-confirmations', 'partner_confirmations', {
      advertiserId: ADVERTISER,
      outcome: 'confirmed',
    }),
    batch('/v1/deferrals', 'deferrals', { month: '2023-12' }),
    {
      route: 'POST /v1/programs/{programId}/revisions',
      status: 201,
      async prepare() {
        const { id } = await publishProgram(t);
        return {
          ...{ by: t.admin, path: `/v1/programs/${id}/revisions` },
          body: { ...t.definition, id, name: `Another name ${randomUUID()}` },
          count: () => rows('program_revision where program_id = $1', id),
        };
      },
    },
    {
      route: 'POST /v1/programs/{programId}/clock',
      status: 200,
      async prepare() {
        const { id } = await publishProgram(t);
        return {
          ...{ by: t.admin, path: `/v1/programs/${id}/clock`, body: { advanceTo: CALCULATION } },
          count: () => rows('program, jsonb_array_elements(clock) where program_id = $1', id),
        };
      },
    },
    {
      route: 'POST /v1/api-keys',
      status: 201,
      prepare() {
        const id = randomUUID();
        const count = () => rows('api_key where holder_id = $1', id);
        return Promise.resolve({ by: t.admin, path: '/v1/api-keys', body: { role: 'auditor', id }, count });
      },
    },
    toKey('rotation', 201, ''),
    toKey('revocation', 200, 'and revoked_at is not null'),
    {
      route: 'POST /v1/webhook-subscriptions',
      status: 201,
      async prepare() {
        await t.db.query('delete from webhook_subscription');
        const url = `http://127.0.0.1:1/${randomUUID()}`;
        const count = () => rows('webhook_subscription where url = $1', url);
        return { by: t.caller, path: '/v1/webhook-subscriptions', body: { url }, count };
      },
    },
    toSubscription('rotation', 201, {}, 'webhook_secret where subscription_id = $1'),
    toSubscription('test', 202, {}, 'webhook_delivery where subscription_id = $1'),
    toSubscription(
      'enabling',
      200,
      {},
      'webhook_subscription where subscription_id = $1 and disabled_at is null',
      (id) =>
        t.db.query(
          `update webhook_subscription set disabled_at = now(), disabled_reason = 'GONE' where subscription_id = $1`,
          [id],
        ),
    ),
    toSubscription(
      'deletion',
      200,
      {},
      '(select $1::text as id) gone where not exists (select from webhook_subscription where subscription_id = id)',
    ),
    {
      route: 'POST /v1/webhook-subscriptions/{subscriptionId}/deliveries/{deliveryId}/redelivery',
      status: 202,
      async prepare() {
        const { subscriptionId } = await subscribeAnew();
        const deliveryId = await sendTest(t.caller, subscriptionId);
        await t.db.query(
          `update webhook_delivery set status = 'failed', due_at = null, ended_at = now() where delivery_id = $1`,
          [deliveryId],
        );
        return {
          by: t.caller,
          path: `/v1/webhook-subscriptions/${subscriptionId}/deliveries/${deliveryId}/redelivery`,
          body: {},
          count: () => rows(`webhook_delivery where delivery_id = $1 and status = 'pending'`, deliveryId),
        };
      },
    },
    {
      route: 'POST /v1/webhook-secrets',
      status: 201,
      async prepare() {
        await dropSecrets();
        return { by: t.admin, path: '/v1/webhook-secrets', body: { surveyPartner: 'kno' }, count: secrets };
      },
    },
    {
      route: 'POST /v1/webhook-secrets/{secretId}/retirement',
      status: 200,
      async prepare() {
        await dropSecrets();
        const made = await t.admin.post<{ secretId: string }>('/v1/webhook-secrets', {
          surveyPartner: 'kno',
        });
        const { secretId } = made.body;
        return {
          ...{ by: t.admin, path: `/v1/webhook-secrets/${secretId}/retirement`, body: {} },
          count: () =>
            rows('webhook_secret where webhook_secret_id = $1 and expires_at is not null', secretId),
        };
      },
    },
  ];
}

/** Enrollments whose credit an approver must decide on. */
async function awaitingApproval(t: TestService, count: number): Promise<Enrolled[]> {
  const program = await ownProgram(t);
  const advertiserId = await newAdvertiser(t, { monthlySpend: ABOVE_THRESHOLD });
  const enroll = () => program.enrollComplete({ advertiserId });
  const all = await Promise.all(Array.from({ length: count }, enroll));
  await program.advanceTo(CALCULATION);
  for (const enrolled of all) await enrolled.untilStatus('awaiting_approval');
  return all;
}
