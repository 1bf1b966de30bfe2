/** The stories whose histories are recorded: each a way through the process that its code must go again for years. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Pool } from 'pg';
import type { ProgramDefinition } from '../program/definition';
import * as messages from '../workflows/messages';
import { eventually, type ApiClient, type Enrollment, type TimelineItem } from './apiClient';

export interface Stage {
  /** A program of the story's own. */
  definition: ProgramDefinition;
  caller: ApiClient;
  partner: ApiClient;
  admin: ApiClient;
  approver: ApiClient;
  temporal: Client;
  /** As the superuser. */
  db: Pool;
  sandboxUrl: string;
}

type Story = (stage: Stage) => Promise<WorkflowHandle>;

/** What the stories change of the form. */
interface Form {
  advertiserId: string;
  contact: { name: string; email: string };
  surveyPartner: string;
  partnerApiKey: string;
}

const ADVERTISER = '7012345678901234567';
const UNKNOWN_ADVERTISER = '7012345678901234560';
const AFTER_NOVEMBER = '2023-12-04T00:00:00Z';
const PAYOUT_OF_NOVEMBER = '2023-12-16T00:00:00Z';
const AFTER_DECEMBER = '2024-01-04T00:00:00Z';
const PAYOUT_OF_DECEMBER = '2024-01-16T00:00:00Z';

export const STORIES: Record<string, Story> = {
  async 'straight-path'(stage) {
    const enrolled = await enroll(stage);
    await enrolled.reportFacts();
    await advance(stage, AFTER_NOVEMBER);
    await enrolled.until('credit_calculated');
    await advance(stage, PAYOUT_OF_NOVEMBER);
    return enrolled.ended('paid');
  },

  async 'still-waiting'(stage) {
    const enrolled = await enroll(stage);
    await enrolled.reportFacts();
    await advance(stage, AFTER_NOVEMBER);
    await enrolled.until('credit_calculated');
    return enrolled.workflow;
  },

  async deferral(stage) {
    const enrolled = await enroll(stage);
    await post(stage.partner, `${enrolled.path}/deferral`, { month: '2023-12' });
    await enrolled.reportFacts();
    await advance(stage, AFTER_DECEMBER);
    await enrolled.until('credit_calculated');
    await advance(stage, PAYOUT_OF_DECEMBER);
    return enrolled.ended('paid');
  },

  async 'corrected-advertiser'(stage) {
    const enrolled = await enroll(stage, { advertiserId: UNKNOWN_ADVERTISER });
    await post(stage.caller, '/v1/enrollments', enrolled.formWith({ advertiserId: ADVERTISER }));
    await enrolled.until('advertiser_located');
    await enrolled.reportFacts();
    await advance(stage, PAYOUT_OF_NOVEMBER);
    return enrolled.ended('paid');
  },

  async 'lost-payout-answer'(stage) {
    const enrolled = await enroll(stage);
    await enrolled.reportFacts();
    const only = `${enrolled.id}:credit:1`;
    await fault(stage, { target: 'payout', fault: 'execute_then_drop', only });
    // Of the look-ups, the first is the one before the payment; the second does not see it yet.
    await fault(stage, { target: 'payout_lookup', fault: 'late_visibility', ms: 60_000, times: 2, only });
    await advance(stage, PAYOUT_OF_NOVEMBER);
    await enrolled.until('payout_unknown');
    return enrolled.ended('paid');
  },

  async 'rolled-on-then-ineligible'(stage) {
    const enrolled = await enroll(stage);
    await advance(stage, AFTER_NOVEMBER);
    await enrolled.until('rolled_on');
    await advance(stage, AFTER_DECEMBER);
    return enrolled.ended('ineligible');
  },

  async signals(stage) {
    const enrolled = await enroll(stage);
    const { workflow } = enrolled;
    await workflow.signal(messages.deferSignal, { month: '2023-12' });
    await enrolled.until('deferred');
    await workflow.signal(messages.deferSignal, { month: '2022-01' });
    await enrolled.until('message_refused');
    await workflow.signal(messages.confirmPartnerSignal);
    await workflow.signal(messages.completeQuestionnaireSignal);
    await enrolled.until('questionnaire_completed');
    await advance(stage, PAYOUT_OF_DECEMBER);
    return enrolled.ended('paid');
  },

  /** A key that opens nothing, then one that does: nobody has to confirm. */
  async 'partner-key'(stage) {
    const fairing = (partnerApiKey: string) => ({ surveyPartner: 'fairing', partnerApiKey });
    const enrolled = await enroll(stage, fairing('fk_revoked_recorded'));
    await enrolled.until('partner_key_checked');
    await post(stage.caller, '/v1/enrollments', enrolled.formWith(fairing('fk_valid_recorded')));
    await enrolled.until('partner_key_checked', 2);
    await post(stage.caller, `${enrolled.path}/questionnaire`, { answers: answersTo(stage.definition) });
    await advance(stage, PAYOUT_OF_NOVEMBER);
    return enrolled.ended('paid');
  },

  /** Another contact after the confirmation: somebody has to approve it. */
  async approval(stage) {
    const enrolled = await enroll(stage);
    await enrolled.reportFacts();
    const contact = { name: 'Nils Wind', email: 'nils@recorded.example' };
    await post(stage.caller, '/v1/enrollments', enrolled.formWith({ contact }));
    await enrolled.confirm();
    await advance(stage, AFTER_NOVEMBER);
    await enrolled.until('credit_calculated');
    const { approval } = (await stage.approver.get<Enrollment>(enrolled.path)).body;
    const decision = { outcome: 'approve', statementId: approval!.statementId };
    await post(stage.approver, `${enrolled.path}/approval`, decision);
    await advance(stage, PAYOUT_OF_NOVEMBER);
    return enrolled.ended('paid');
  },

  async 'held-waived-withdrawn'(stage) {
    const enrolled = await enroll(stage);
    await post(stage.partner, `${enrolled.path}/partner-rejection`, { advertiserId: ADVERTISER });
    await post(stage.admin, `${enrolled.path}/hold`, { reasonCode: 'FRAUD_REVIEW' });
    await post(stage.admin, `${enrolled.path}/release`, { note: 'Looked at.' });
    for (const criterion of ['subscription', 'survey_template', 'data_sharing']) {
      const reasonCode = 'SUBSCRIPTION_NOT_CONFIRMED';
      await post(stage.admin, `${enrolled.path}/waiver`, { criterion, reasonCode, note: 'By telephone.' });
    }
    await post(stage.caller, `${enrolled.path}/questionnaire`, { answers: answersTo(stage.definition) });
    await advance(stage, AFTER_NOVEMBER);
    await enrolled.until('credit_calculated');
    await post(stage.caller, `${enrolled.path}/withdrawal`, {});
    return enrolled.ended('withdrawn');
  },

  /** So much happens that it goes on in a new run, which is the one that is recorded. */
  async 'new-run'(stage) {
    const enrolled = await enroll(stage);
    const { runId } = await enrolled.workflow.describe();
    for (let move = 0; (await enrolled.workflow.describe()).runId === runId; move += 1) {
      const month = move % 2 === 0 ? '2023-12' : '2023-11';
      await post(stage.admin, `${enrolled.path}/deferral`, { month });
    }
    await enrolled.reportFacts();
    await advance(stage, PAYOUT_OF_DECEMBER);
    return enrolled.ended('paid');
  },

  /** The read model cannot be written for a while: a regular activity catches up. */
  async 'read-model-away'(stage) {
    const enrolled = await enroll(stage);
    const { id, workflow } = enrolled;
    const client = await stage.db.connect();
    await client.query('begin');
    await client.query('select from enrollment where enrollment_id = $1 for update', [id]);
    await workflow.signal(messages.confirmPartnerSignal);
    await eventually(
      async () => JSON.stringify(await workflow.fetchHistory()),
      (history) => history.includes('"name":"project"'),
    );
    await workflow.signal(messages.completeQuestionnaireSignal);
    await client.query('rollback');
    client.release();
    await enrolled.until('questionnaire_completed');
    await advance(stage, PAYOUT_OF_NOVEMBER);
    return enrolled.ended('paid');
  },
};

/** Enrolls a brand and waits until its ad account was looked up. */
async function enroll(stage: Stage, first: Partial<Form> = {}) {
  const { caller, partner, admin, definition, temporal } = stage;
  const formWith = (changes: Partial<Form>) => ({
    programId: definition.id,
    brand: { name: 'Blue Kettle', storeUrl: 'https://recorded.example' },
    contact: { name: 'Nora Wind', email: 'nora@recorded.example' },
    surveyPartner: 'kno',
    storePlatform: 'woocommerce',
    advertiserId: ADVERTISER,
    dataSharing: { authorized: true, textVersion: definition.dataSharing.textVersion },
    ...changes,
  });
  const { id, workflowId } = await post<Enrollment>(caller, '/v1/enrollments', formWith(first));
  const path = `/v1/enrollments/${id}`;
  const workflow = temporal.workflow.getHandle(workflowId);
  const until = async (type: string, times = 1) => {
    const timeline = async () => (await admin.get<{ items: TimelineItem[] }>(`${path}/timeline`)).body.items;
    await eventually(timeline, (items) => items.filter((item) => item.type === type).length >= times);
  };
  const confirm = () => post(partner, `${path}/partner-confirmation`, { advertiserId: ADVERTISER });
  await until(first.advertiserId === UNKNOWN_ADVERTISER ? 'advertiser_not_located' : 'advertiser_located');
  return {
    id,
    path,
    workflow,
    formWith,
    until,
    confirm,
    async reportFacts() {
      await confirm();
      await post(caller, `${path}/questionnaire`, { answers: answersTo(definition) });
    },
    async ended(status: string) {
      const result = (await workflow.result()) as { status: string };
      if (result.status !== status)
        throw new Error(`${definition.id} ended as ${result.status}, not ${status}.`);
      return workflow;
    },
  };
}

function advance({ admin, definition }: Stage, advanceTo: string): Promise<unknown> {
  return post(admin, `/v1/programs/${definition.id}/clock`, { advanceTo });
}

async function fault({ sandboxUrl }: Stage, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  await fetch(`${sandboxUrl}/sandbox/faults`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function post<T>(client: ApiClient, path: string, body: unknown): Promise<T> {
  const answer = await client.post<T>(path, body);
  if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

function answersTo({ questionnaire }: ProgramDefinition): Record<string, string | number | boolean> {
  return Object.fromEntries(
    questionnaire.questions.map((question): [string, string | number | boolean] => {
      switch (question.type) {
        case 'choice':
          return [question.id, question.choices[0]!];
        case 'number':
          return [question.id, 1];
        case 'boolean':
          return [question.id, true];
        case 'text':
          return [question.id, 'At the checkout.'];
      }
    }),
  );
}
