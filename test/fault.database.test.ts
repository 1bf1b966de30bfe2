/** PostgreSQL away for 20 s: it is killed in the middle of writes, and comes back on the same data and port. */
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type ApiAnswer } from '../dev/apiClient';
import type { Actor } from '../program/enrollmentState';
import * as messages from '../workflows/messages';
import { holdRows } from './support/databaseGate';
import { ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import { startOwnPostgres, type OwnPostgres } from './support/ownServers';
import { sharedServers } from './support/shared';
import { ADVERTISER, startTestService, type TestService } from './support/testService';
import { historyLength } from './support/workflows';

const AWAY_MS = 20_000;

let postgres: OwnPostgres;
let t: TestService;
let program: OwnProgram;
let enrolled: Enrolled[];
let pids: number[];
beforeAll(async () => {
  postgres = await startOwnPostgres();
  t = await startTestService({ servers: { ...sharedServers(), postgresAdminUrl: postgres.adminUrl } });
  pids = [t.service.api.pid, t.service.worker.pid];
  program = await ownProgram(t);
  enrolled = [await program.enroll(), await program.enroll(), await program.enroll()];
  for (const each of enrolled) await each.untilEvent('advertiser_located');
});
afterAll(async () => {
  await t?.stop();
  await postgres?.stop();
});

const PARTNER: Actor = { role: 'partner', id: 'kno' };
const CALLER: Actor = { role: 'caller', id: 'shop-app' };

test('When PostgreSQL is killed in the middle of writes and away for 20 s, then Updates succeed, HTTP answers 503, and everything recovers by itself', async () => {
  const lengthsBefore = await Promise.all(enrolled.map(lengthOf));
  // Both processes are in a transaction when the server dies.
  const { id, workflow } = enrolled[0]!;
  const projecting = await holdRows(t.db, 'enrollment', 'update', `new.enrollment_id = '${id}'`);
  const inserting = await holdRows(t.db, 'enrollment', 'insert', 'true');
  const form = { ...t.form(), programId: program.programId };
  const posted = t.caller.post('/v1/enrollments', form, 'in-the-middle');
  const confirmed = workflow.executeUpdate(messages.confirmPartner, confirmation('first'));
  await Promise.all([projecting.reached(), inserting.reached()]);
  await postgres.kill();
  const backAt = Date.now() + AWAY_MS;
  expectUnavailable(await posted);
  await confirmed;
  await projecting.open();
  await inserting.open();

  let rounds = 0;
  while (Date.now() < backAt || rounds < 2) {
    rounds += 1;
    for (const each of enrolled) {
      await each.workflow.executeUpdate(messages.confirmPartner, confirmation(`confirm-${rounds}`));
      await each.workflow.executeUpdate(messages.completeQuestionnaire, completion(`complete-${rounds}`));
    }
    expectUnavailable(await t.admin.get(`/v1/enrollments/${id}`));
    expectUnavailable(await enrolled[1]!.complete());
    expect((await fetch(`${t.service.apiUrl}/healthz`)).status).toBe(200);
    expect((await fetch(`${t.service.apiUrl}/readyz`)).status).toBe(503);
    await sleep(AWAY_MS / 8); // the time away is what is tested
  }
  // The calendar is in PostgreSQL: a deferral is refused in a way that says to try again.
  await expect(
    workflow.executeUpdate(messages.defer, {
      args: [{ version: 1, messageId: 'defer', actor: PARTNER, month: '2023-12' }],
    }),
  ).rejects.toMatchObject({ cause: { type: 'TRY_AGAIN' } });
  await postgres.start();

  await eventually(
    async () => (await fetch(`${t.service.apiUrl}/readyz`)).ok,
    (isReady) => isReady,
    20_000,
  );
  for (const [index, each] of enrolled.entries()) {
    const isFirst = index === 0;
    await expectCaughtUp(each, 2 + 2 * rounds + (isFirst ? 1 : 0));
    // An Update costs 5 events by itself; the refused deferral likewise, and the calendar that it could not read.
    const ofUpdates = 5 * (2 * rounds + (isFirst ? 2 : 0));
    expect((await lengthOf(each)) - lengthsBefore[index]! - ofUpdates).toBeLessThanOrEqual(20);
  }
  expect((await t.caller.post('/v1/enrollments', form, 'in-the-middle')).status).toBe(201);
  expect([t.service.api.pid, t.service.worker.pid]).toEqual(pids);
  for (const pid of pids) expect(process.kill(pid, 0)).toBe(true);
}, 300_000);

const confirmation = (messageId: string) => ({
  args: [{ version: 1, messageId, actor: PARTNER, advertiserId: ADVERTISER }] as [
    messages.ConfirmPartnerMessage,
  ],
});
const completion = (messageId: string) => ({
  args: [{ version: 1, messageId, actor: CALLER, answersId: null }] as [
    messages.CompleteQuestionnaireMessage,
  ],
});

function lengthOf({ workflow }: Enrolled): Promise<number> {
  return historyLength(t, workflow.workflowId);
}

function expectUnavailable({ status, headers }: ApiAnswer<unknown>): void {
  expect(status).toBe(503);
  expect(headers.get('retry-after')).toMatch(/^\d+$/);
}

/** The read model is the state of the workflow, and the timeline holds every entry. */
async function expectCaughtUp({ id, workflow }: Enrolled, entries: number): Promise<void> {
  const state = await workflow.query(messages.enrollmentQuery);
  expect(state).toMatchObject({
    partnerStatements: { subscription: { by: PARTNER } },
    questionnaire: { by: CALLER },
  });
  const read = async () =>
    (await t.db.query('select state, sequence from enrollment where enrollment_id = $1', [id]))
      .rows as unknown[];
  const sequences = await eventually(
    async () =>
      (
        await t.db.query<{ sequence: number }>(
          'select sequence from timeline_event where enrollment_id = $1 order by sequence',
          [id],
        )
      ).rows,
    (rows) => rows.length === entries,
    90_000,
  );
  expect(sequences.map(({ sequence }) => sequence)).toEqual(Array.from({ length: entries }, (_, n) => n + 1));
  expect(await read()).toEqual([{ state, sequence: entries }]);
}
