/** Ownership is in the queries themselves: what is somebody else's they neither find nor change, whoever looked before them. */
import { dismissMessages } from '../database/attention';
import { readAudit } from '../database/audit';
import { readItems } from '../database/batches';
import type { Scope } from '../database/enrollments';
import { findStatement } from '../database/statements';
import { readTimeline } from '../database/timeline';
import { deliverAgain, listDeliveries } from '../database/webhookDeliveries';
import {
  deleteSubscription,
  enableSubscription,
  findSubscription,
  listSubscriptions,
  type SubscriptionScope,
} from '../database/webhookSubscriptions';
import { sendImport } from './support/importFiles';
import { giveCredit } from './support/statements';
import { sendTest, subscribe } from './support/subscriptions';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
let enrollmentId: string;
let statementId: string;
let batchId: string;
let subscriptionId: string;
let deliveryId: string;
beforeAll(async () => {
  t = await startTestService();
  enrollmentId = (await t.caller.post('/v1/enrollments', t.form())).body.id;
  await t.untilEvent(enrollmentId, 'advertiser_located');
  statementId = await giveCredit(t, enrollmentId);
  await t.db.query(
    `insert into timeline_event (enrollment_id, event_key, run_id, sequence, happened_at, event_type, actor_role, actor_id,
       details)
     values ($1, 'refused', 'run', 99, now(), 'message_refused', 'operator', 'Temporal UI', '{"message": "hold"}')`,
    [enrollmentId],
  );
  subscriptionId = (await subscribe(t.caller, 'http://127.0.0.1:1/hooks', ['enrollment.ended']))
    .subscriptionId;
  deliveryId = await sendTest(t.caller, subscriptionId);
  await t.db.query(`update webhook_subscription set disabled_at = now(), disabled_reason = 'GONE'`);
  const url = `${t.service.apiUrl}/v1/enrollment-imports?programId=${t.programId}`;
  const file = { url, key: 'batch', as: 'pps_dev_caller_shop-app', type: 'application/x-ndjson' };
  batchId = (await sendImport(file, ['{}'])).body.batchId;
  // Real from now on: it is not there for test keys.
  await t.db.query(`update program set clock = '[]'`);
});
afterAll(() => t?.stop());

const FIRST = { limit: 9, after: 0 };
const OWNER: Scope = { kind: 'owner', owner: 'shop-app' };
const STRANGERS: Scope[] = [
  { kind: 'owner', owner: 'other-app' },
  { kind: 'partner', surveyPartner: 'fairing' },
  { kind: 'all', testClocksOnly: true },
];
const SUBSCRIBER: SubscriptionScope = { audience: 'owner shop-app', testClocksOnly: false };
const OTHERS: SubscriptionScope[] = [
  { audience: 'owner other-app', testClocksOnly: false },
  { audience: undefined, testClocksOnly: true },
];

/** How much of the enrollment each query finds, or changes. */
async function ofEnrollment(scope: Scope): Promise<Record<string, number>> {
  const { db } = t;
  return {
    statements: (await findStatement(db, scope, statementId)) ? 1 : 0,
    events: (await readTimeline(db, scope, enrollmentId)).length,
    entries: (await readAudit(db, scope, enrollmentId, FIRST)).length,
    dismissed: await dismissMessages(db, scope, enrollmentId, 'ana'),
  };
}

/** Of the subscription. */
async function ofSubscription(scope: SubscriptionScope): Promise<Record<string, number>> {
  const { db } = t;
  await enableSubscription(db, scope, subscriptionId);
  const enabled = (await findSubscription(db, SUBSCRIBER, subscriptionId))?.disabledAt === null ? 1 : 0;
  const sentAgain = (await deliverAgain(db, scope, subscriptionId, deliveryId)) ? 1 : 0;
  const listed = (await listSubscriptions(db, scope, { limit: 9 })).rows.length;
  const deliveries = (await listDeliveries(db, scope, { subscriptionId }, { limit: 9 })).rows.length;
  await deleteSubscription(db, scope, subscriptionId);
  const deleted = (await findSubscription(db, SUBSCRIBER, subscriptionId)) ? 0 : 1;
  return { enabled, sentAgain, listed, deliveries, deleted };
}

test("When a query is made for what is somebody else's enrollment, then it finds and changes nothing", async () => {
  for (const stranger of STRANGERS)
    expect(await ofEnrollment(stranger)).toEqual({ statements: 0, events: 0, entries: 0, dismissed: 0 });
  const found = await ofEnrollment(OWNER);
  expect(found).toMatchObject({ statements: 1, dismissed: 1 });
  expect(Math.min(...Object.values(found))).toBeGreaterThan(0);
});

test("When a query is made for somebody else's batch, then it finds none of its items", async () => {
  expect(await readItems(t.db, 'caller other-app', batchId, FIRST)).toEqual([]);
  expect(await readItems(t.db, 'caller shop-app', batchId, FIRST)).toHaveLength(1);
  expect(await readItems(t.db, null, batchId, FIRST)).toHaveLength(1);
});

test("When a query is made for somebody else's subscription, then it finds and changes nothing", async () => {
  for (const stranger of OTHERS)
    expect(await ofSubscription(stranger)).toEqual({
      enabled: 0,
      sentAgain: 0,
      listed: 0,
      deliveries: 0,
      deleted: 0,
    });
  expect(await ofSubscription(SUBSCRIBER)).toEqual({
    enabled: 1,
    sentAgain: 1,
    listed: 1,
    deliveries: 1,
    deleted: 1,
  });
});
