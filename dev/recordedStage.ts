/** What the recorded stories are made of: who takes part, and what they do in several of them. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Pool } from 'pg';
import type { ProgramDefinition } from '../program/definition';
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

/** Plays a way through the process, and returns the workflow whose history is recorded. */
export type Story = (stage: Stage) => Promise<WorkflowHandle>;

/** What the stories change of the form. */
interface Form {
  advertiserId: string;
  contact: { name: string; email: string };
  surveyPartner: string;
  partnerApiKey: string;
}

export const BRAND = 'recorded.example';
export const ADVERTISER = '7012345678901234567';
export const UNKNOWN_ADVERTISER = '7012345678901234560';
export const AFTER_NOVEMBER = '2023-12-04T00:00:00Z';
export const PAYOUT_OF_NOVEMBER = '2023-12-16T00:00:00Z';

/** Enrolls a brand and waits until its ad account was looked up. */
export async function enroll(stage: Stage, first: Partial<Form> = {}) {
  const { caller, partner, admin, definition, temporal } = stage;
  const formWith = (changes: Partial<Form>) => ({
    programId: definition.id,
    brand: { name: 'Blue Kettle', storeUrl: `https://${BRAND}` },
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

/** Its payout is frozen, and the rail cannot be asked for what it knows of it. */
export async function railAway(stage: Stage) {
  const enrolled = await enroll(stage);
  await enrolled.reportFacts();
  const only = `${enrolled.id}:credit:1`;
  await fault(stage, { target: 'payout_lookup', fault: 'server_error', times: 1_000, only });
  await advance(stage, PAYOUT_OF_NOVEMBER);
  await untilPayout(stage, enrolled.id, 'frozen');
  return enrolled;
}

export async function untilPayout({ db }: Stage, enrollmentId: string, state: string): Promise<void> {
  const rows = () =>
    db.query('select from payout where enrollment_id = $1 and state = $2', [enrollmentId, state]);
  await eventually(rows, ({ rowCount }) => rowCount === 1);
}

export function advance({ admin, definition }: Stage, advanceTo: string): Promise<unknown> {
  return post(admin, `/v1/programs/${definition.id}/clock`, { advanceTo });
}

/** From now on so many days of the program pass in a real second. */
export function run({ admin, definition }: Stage, daysASecond: number): Promise<unknown> {
  return post(admin, `/v1/programs/${definition.id}/clock`, { speed: daysASecond * 86_400 });
}

/** What becomes of the payment of a payout, which is pending at the rail. */
export async function settlePending({ sandboxUrl }: Stage, payoutKey: string, state: string): Promise<void> {
  const url = `${sandboxUrl}/sandbox/payments`;
  const { payments } = (await (await fetch(url)).json()) as { payments: { id: string; reference: string }[] };
  const { id } = payments.find(({ reference }) => reference === payoutKey)!;
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/${id}`, { method: 'PUT', headers, body: JSON.stringify({ state }) });
  if (!answer.ok) throw new Error(`The payment was not settled: ${answer.status} ${await answer.text()}`);
}

export async function fault({ sandboxUrl }: Stage, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  await fetch(`${sandboxUrl}/sandbox/faults`, { method: 'POST', headers, body: JSON.stringify(body) });
}

export async function post<T>(client: ApiClient, path: string, body: unknown): Promise<T> {
  const answer = await client.post<T>(path, body);
  if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

export function answersTo({ questionnaire }: ProgramDefinition): Record<string, string | number | boolean> {
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
