/** The rules by which the read model is replaced, on the real database: redone tasks, resets, and writes that come late. */
import { randomBytes } from 'node:crypto';
import { defaultActivityInfo, MockActivityEnvironment } from '@temporalio/testing';
import { createReadModelActivities } from '../activities/readModel';
import type { Projection } from '../activities/types';
import { insertEnrollment } from '../database/enrollments';
import { createDatabase, type Database } from '../database/pool';
import { writeProjection } from '../database/projection';
import { insertSubmission } from '../database/submissions';
import { readTimeline } from '../database/timeline';
import {
  deleteSubscription,
  disableSubscription,
  insertSubscription,
} from '../database/webhookSubscriptions';
import { eventually } from '../dev/apiClient';
import { prepareDatabase } from '../dev/database';
import { openedState, type EnrollmentState } from '../program/enrollmentState';
import { sharedServers } from './support/shared';

let database: Database;
let state: EnrollmentState;
const name = `projection_${randomBytes(4).toString('hex')}`;
beforeAll(async () => {
  const { postgresAdminUrl, templateDatabase } = sharedServers();
  const { databaseUrl } = await prepareDatabase(postgresAdminUrl, name, { template: templateDatabase });
  database = createDatabase({ connectionString: databaseUrl });
  await database.pool.query(`insert into program (program_id, latest_revision) values ('pps-demo', 1)`);
});
beforeEach(async () => {
  const id = randomBytes(6).toString('hex');
  const submission = { id: `sub_${id}`, advertiserId: '1', surveyPartner: 'kno', storePlatform: 'other' };
  state = openedState({
    enrollmentId: `enr_${id}`,
    programId: 'pps-demo',
    programRevision: 1,
    terms: {
      missedFacts: { then: 'close' },
      noSpend: { then: 'close' },
      maximumDeferrals: 3,
      payoutSpreadMinutes: 0,
      reminders: { advertiserDays: [], partnerDays: [], approverDays: [] },
    },
    submission: { ...submission, dataSharingAuthorized: true, contactId: 'c', partnerKeyId: null },
    enrolledOn: '2023-10-12',
    period: {
      month: '2023-11',
      periodFrom: '2023-11-01',
      periodTo: '2023-11-30',
      calculationAt: 1,
      payoutDate: '2023-12-15',
      payoutAt: 2,
      calendarRevision: 1,
    },
    makers: ['shop-app'],
  });
  await database.transaction(async (client) => {
    await insertSubmission(client, {
      ...{ submissionId: submission.id, enrollmentId: state.enrollmentId, messageId: id },
      ...{
        brandName: 'Brand',
        storeUrl: 'https://brand.example',
        contactName: 'N',
        contactEmail: 'n@x.example',
        contactId: 'c',
      },
      ...{ surveyPartner: 'kno', storePlatform: 'other', advertiserId: '1', externalId: null },
      ...{
        dataSharingAuthorized: true,
        partnerKeyId: null,
        dataSharingTextVersion: '1',
        dataSharingSource: 'api',
        submittedBy: 'me',
      },
    });
    const workflowId = `enrollment:${id}`;
    await insertEnrollment(client, { ...state, brandKey: id, workflowId, owner: 'me', state });
  });
});
afterAll(() => database?.close());

const START = 1_700_000_000_000;

/** A write whose entries are the given keys, the last one with this sequence; the month shows whose state it is. */
function entries(sequence: number, keys: string[], month = '2023-11', runId = 'run-1'): Projection {
  const events = keys.map((key, index) => ({
    key,
    sequence: sequence - keys.length + 1 + index,
    at: 1_700_000_000_000,
    type: key,
    actor: { role: 'service', id: 'test' },
    details: { month },
  }));
  const workflowId = `enrollment:${state.enrollmentId.slice('enr_'.length)}`;
  const runStartedAt = START;
  return {
    workflowId,
    runId,
    runStartedAt,
    sequence,
    state: { ...state, period: { ...state.period, month } },
    events,
  };
}

/** `startedAt` is when the run started, as Temporal knows it; without it, a write of another run has to ask. */
const write = (projection: Projection, startedAt?: number) =>
  database.transaction((client) => writeProjection(client, projection, undefined, startedAt));

async function readModel(): Promise<{ sequence: number; month: string; keys: string[] }> {
  const { rows } = await database.pool.query<{ sequence: number; month: string }>(
    'select sequence, calculation_month as month from enrollment where enrollment_id = $1',
    [state.enrollmentId],
  );
  const timeline = await readTimeline(database.pool, { kind: 'all' }, state.enrollmentId);
  return { ...rows[0]!, keys: timeline.map(({ sequence, key }) => `${sequence} ${key}`) };
}

test('When a task is redone with another message, then the entry of the same number is replaced', async () => {
  await write(entries(2, ['opened', 'lost'], '2023-12'));
  await write(entries(2, ['other']));
  expect(await readModel()).toEqual({ sequence: 2, month: '2023-11', keys: ['1 opened', '2 other'] });
});

test('When a task is redone with fewer messages, then what did not happen is gone', async () => {
  await write(entries(1, ['opened']));
  await write(entries(4, ['kept', 'lost', 'lost too'], '2023-12'));
  await write(entries(2, ['kept']));
  expect(await readModel()).toEqual({ sequence: 2, month: '2023-11', keys: ['1 opened', '2 kept'] });
});

test('When a message comes later in the redone task than in the lost one, then it stands once, where it came', async () => {
  await write(entries(2, ['opened', 'message']));
  await write(entries(3, ['signal', 'message']));
  expect((await readModel()).keys).toEqual(['1 opened', '2 signal', '3 message']);
});

test('When a reset begins a new run, then it replaces what the old run wrote after that point', async () => {
  await write(entries(5, ['opened', 'a', 'b', 'c', 'd'], '2023-12'));
  await write(entries(3, ['other'], '2023-11', 'run-2'), START + 1);
  expect(await readModel()).toEqual({ sequence: 3, month: '2023-11', keys: ['1 opened', '2 a', '3 other'] });
});

test('When the run before a reset still writes, then it is ignored', async () => {
  await write(entries(1, ['opened']));
  await write(entries(2, ['new'], '2023-11', 'run-2'), START + 1);
  await write(entries(9, ['late'], '2023-12'), START);
  expect(await readModel()).toEqual({ sequence: 2, month: '2023-11', keys: ['1 opened', '2 new'] });
  await write(entries(3, ['third'], '2024-01', 'run-3'), START + 2);
  await write(entries(9, ['late'], '2023-12', 'run-2'), START + 1);
  expect(await readModel()).toMatchObject({ sequence: 3, month: '2024-01' });
});

test('When a run that never wrote comes after the one that a reset made of it, then it does not take the row over', async () => {
  // The later run believes that it started when the first one did.
  await write(entries(2, ['opened', 'new'], '2023-11', 'run-2'));
  expect(await write(entries(2, ['opened', 'late'], '2023-12'))).toBe('other_run');
  expect(await write(entries(2, ['opened', 'late'], '2023-12'), START - 5)).toBe('ignored');
  expect(await readModel()).toMatchObject({ month: '2023-11', keys: ['1 opened', '2 new'] });
});

test('When a workflow was replaced by a restart, then what it still writes is ignored', async () => {
  await write(entries(1, ['opened']));
  const late = { ...entries(2, ['late'], '2023-12'), workflowId: 'enrollment:left' };
  expect(await write(late, START + 9)).toBe('ignored');
  expect(await readModel()).toMatchObject({ sequence: 1, keys: ['1 opened'] });
});

test('When one key comes twice in one write, then the later entry stands and the write goes through', async () => {
  await write(entries(3, ['opened', 'twice', 'twice']));
  expect((await readModel()).keys).toEqual(['1 opened', '3 twice']);
});

describe('webhooks of what is written', () => {
  let subscriptionId: string;
  beforeEach(async () => {
    subscriptionId = `whk_${randomBytes(6).toString('hex')}`;
    await insertSubscription(database.pool, {
      ...{ subscriptionId, messageId: subscriptionId, audience: 'owner me', forTestClocks: false },
      ...{ url: 'https://hooks.example/', events: ['enrollment.*'] },
      createdBy: { role: 'caller', id: 'me', keyId: 'settings:caller:me' },
    });
  });
  afterEach(() =>
    deleteSubscription(database.pool, { audience: undefined, testClocksOnly: false }, subscriptionId),
  );

  interface Made {
    deliveryId: string;
    event: string;
    body: string;
  }
  async function made(): Promise<Made[]> {
    const { rows } = await database.pool.query<Made>(
      `select delivery_id as "deliveryId", event_type as event, body from webhook_delivery
        where subscription_id = $1 order by event_type`,
      [subscriptionId],
    );
    return rows;
  }
  const events = async () => (await made()).map(({ event }) => event);
  const sendAll = () => database.pool.query('update webhook_delivery set attempts = 1');

  test('When a projection is repeated, then there is no second event', async () => {
    await write(entries(2, ['opened', 'held']));
    const first = await made();
    expect(first.map(({ event }) => event)).toEqual(['enrollment.held', 'enrollment.opened']);
    await write(entries(2, ['opened', 'held']));
    expect(await made()).toEqual(first);
  });

  test('When a lost task is redone otherwise, then nobody is told of what did not happen', async () => {
    await write(entries(2, ['opened', 'lost'], '2023-12'));
    await write(entries(2, ['other']));
    expect(await events()).toEqual(['enrollment.opened', 'enrollment.other']);
  });

  test('When a task is redone before its event was sent, then the event says what the redone one did', async () => {
    await write(entries(1, ['opened']));
    await write(entries(2, ['held'], '2023-12'));
    const [before] = await made();
    await write(entries(3, ['signal', 'held']));
    const [after] = await made();
    expect(after!.deliveryId).toBe(before!.deliveryId);
    expect([before, after].map((event) => (JSON.parse(event!.body) as { data: object }).data)).toMatchObject([
      { sequence: 2, calculationMonth: '2023-12' },
      { sequence: 3, calculationMonth: '2023-11' },
    ]);
  });

  test('When an event was sent, then its bytes stay as they were, and a redone task makes no other of it', async () => {
    await write(entries(2, ['opened', 'held'], '2023-12'));
    await sendAll();
    const sent = await made();
    await write(entries(3, ['opened', 'signal', 'held']));
    expect((await made()).filter(({ event }) => event !== 'enrollment.signal')).toEqual(sent);
    await write(entries(1, ['opened']));
    await write(entries(2, ['held']));
    expect((await made()).filter(({ event }) => event !== 'enrollment.signal')).toEqual(sent);
  });

  test('When its log was swept, then an event that is projected again is not told again', async () => {
    await write(entries(2, ['opened', 'held']));
    await database.pool.query('delete from webhook_delivery');
    await write(entries(2, ['opened', 'held']));
    expect(await made()).toEqual([]);
  });

  test('When a subscription is disabled, or nobody subscribes, then nothing is made', async () => {
    await database.transaction((db) => disableSubscription(db, subscriptionId, 'GONE'));
    await write(entries(2, ['opened', 'held']));
    const { rowCount } = await database.pool.query('select from webhook_delivery where enrollment_id = $1', [
      state.enrollmentId,
    ]);
    expect(rowCount).toBe(0);
  });
});

test('When a write has waited for the row until after its attempt was given up, then it changes nothing', async () => {
  await write(entries(1, ['opened']));
  const scheduledAt = Date.now();
  const info = {
    ...defaultActivityInfo,
    isLocal: true,
    startToCloseTimeoutMs: 500,
    scheduleToCloseTimeoutMs: 5_000,
  };
  const times = { scheduledTimestampMs: scheduledAt, currentAttemptScheduledTimestampMs: scheduledAt };
  const attempt = new MockActivityEnvironment({ ...info, ...times });
  const activities = createReadModelActivities({
    database,
    workflows: { runStart: () => Promise.resolve(undefined) },
  });
  const project = (projection: Projection) => activities.project(projection);

  let late: Promise<unknown> = Promise.resolve();
  await database.transaction(async (client) => {
    // A newer write holds the row for longer than the attempt lasts.
    await writeProjection(client, entries(3, ['second', 'third'], '2023-12'));
    late = expect(attempt.run(project, entries(2, ['second']))).rejects.toThrow('too late');
    await untilSomebodyWaits();
    await client.query(`select pg_sleep(greatest(0, $1::float8 - extract(epoch from clock_timestamp())))`, [
      (scheduledAt + 600) / 1_000,
    ]);
  });
  await late;
  expect(await readModel()).toEqual({
    sequence: 3,
    month: '2023-12',
    keys: ['1 opened', '2 second', '3 third'],
  });
});

async function untilSomebodyWaits(): Promise<void> {
  await eventually(
    async () => {
      const { rows } = await database.pool.query<{ count: number }>(
        `select count(*)::int as count from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'`,
        [name],
      );
      return rows[0]!.count;
    },
    (waiting) => waiting > 0,
  );
}
