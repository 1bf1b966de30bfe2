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
  temporal: Client;
  /** As the superuser. */
  db: Pool;
  sandboxUrl: string;
}

type Story = (stage: Stage) => Promise<WorkflowHandle>;

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
    const enrolled = await enroll(stage, UNKNOWN_ADVERTISER);
    await post(stage.caller, '/v1/enrollments', enrolled.formWith(ADVERTISER));
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
async function enroll(stage: Stage, advertiserId = ADVERTISER) {
  const { caller, partner, admin, definition, temporal } = stage;
  const formWith = (id: string) => ({
    programId: definition.id,
    brand: { name: 'Blue Kettle', storeUrl: 'https://recorded.example' },
    contact: { name: 'Nora Wind', email: 'nora@recorded.example' },
    surveyPartner: 'kno',
    storePlatform: 'woocommerce',
    advertiserId: id,
    dataSharing: { authorized: true, textVersion: definition.dataSharing.textVersion },
  });
  const { id, workflowId } = await post<Enrollment>(caller, '/v1/enrollments', formWith(advertiserId));
  const path = `/v1/enrollments/${id}`;
  const workflow = temporal.workflow.getHandle(workflowId);
  const until = async (type: string) => {
    const timeline = async () => (await admin.get<{ items: TimelineItem[] }>(`${path}/timeline`)).body.items;
    await eventually(timeline, (items) => items.some((item) => item.type === type));
  };
  await until(advertiserId === UNKNOWN_ADVERTISER ? 'advertiser_not_located' : 'advertiser_located');
  return {
    id,
    path,
    workflow,
    formWith,
    until,
    async reportFacts() {
      await post(partner, `${path}/partner-confirmation`, { advertiserId: ADVERTISER });
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
