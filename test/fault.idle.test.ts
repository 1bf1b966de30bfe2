/** PostgreSQL away for a minute while many enrollments lie idle and get Updates from a Temporal client. */
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../dev/apiClient';
import type { Actor } from '../program/enrollmentState';
import * as messages from '../workflows/messages';
import { ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import { startOwnPostgres, type OwnPostgres } from './support/ownServers';
import { sharedServers } from './support/shared';
import { ADVERTISER, startTestService, type TestService } from './support/testService';
import { historyLength } from './support/workflows';

const IDLE = 200;
const AWAY_MS = 60_000;
const MOST_EXTRA_EVENTS = 20;
const SIDE_BY_SIDE = 10;
const ENTRIES = ['opened', 'advertiser_located', 'partner_confirmed', 'questionnaire_completed'];

let postgres: OwnPostgres;
let t: TestService;
let program: OwnProgram;
let control: Enrolled;
let idle: Enrolled[];
beforeAll(async () => {
  postgres = await startOwnPostgres();
  t = await startTestService({ servers: { ...sharedServers(), postgresAdminUrl: postgres.adminUrl } });
  program = await ownProgram(t);
  control = await program.enroll();
  idle = await inTurn([...Array(IDLE).keys()], () => program.enroll());
  await eventually(entriesOfAll, (written) => written.every(({ types }) => types.length === 2), 150_000);
}, 300_000);
afterAll(async () => {
  await t?.stop();
  await postgres?.stop();
});

test('When PostgreSQL is away for 60 s and 200 idle enrollments get Updates, then they are answered meanwhile, cost at most 20 more events each than usual, and all facts are kept', async () => {
  const usual = await eventsOf(control, async () => {
    await confirm(control);
    await complete(control);
  });
  const before = await inTurn(idle, lengthOf);

  await postgres.kill();
  const away = sleep(AWAY_MS); // the time away is what is tested
  await inTurn(idle, confirm);
  await inTurn(idle, complete);
  await away;
  await postgres.start();

  const written = await eventually(
    entriesOfAll,
    (rows) => rows.every(({ types }) => types.length === ENTRIES.length),
    150_000,
  );
  expect(written).toHaveLength(IDLE + 1);
  for (const { types } of written) expect(types).toEqual(ENTRIES);
  await inTurn(idle, expectReadModelOfWorkflow);
  const extra = (await inTurn(idle, lengthOf)).map((length, index) => length - before[index]! - usual);
  // Each has noticed that PostgreSQL was away.
  expect(Math.min(...extra)).toBeGreaterThan(0);
  expect(Math.max(...extra)).toBeLessThanOrEqual(MOST_EXTRA_EVENTS);
}, 400_000);

const PARTNER: Actor = { role: 'partner', id: 'kno' };
const CALLER: Actor = { role: 'caller', id: 'shop-app' };

function confirm({ workflow }: Enrolled) {
  return workflow.executeUpdate(messages.confirmPartner, {
    args: [{ version: 1, messageId: 'confirm', actor: PARTNER, advertiserId: ADVERTISER }],
  });
}

function complete({ workflow }: Enrolled) {
  return workflow.executeUpdate(messages.completeQuestionnaire, {
    args: [{ version: 1, messageId: 'complete', actor: CALLER, answersId: null }],
  });
}

/** How many events an enrollment's history gets meanwhile. */
async function eventsOf(enrolled: Enrolled, meanwhile: () => Promise<void>): Promise<number> {
  const before = await lengthOf(enrolled);
  await meanwhile();
  return (await lengthOf(enrolled)) - before;
}

function lengthOf({ workflow }: Enrolled): Promise<number> {
  return historyLength(t, workflow.workflowId);
}

async function expectReadModelOfWorkflow({ id, workflow }: Enrolled): Promise<void> {
  const state = await workflow.query(messages.enrollmentQuery);
  expect(state).toMatchObject({
    partnerStatements: { subscription: { outcome: 'confirmed', by: PARTNER } },
    questionnaire: { by: CALLER },
  });
  const { rows } = await t.db.query('select state from enrollment where enrollment_id = $1', [id]);
  expect(rows).toEqual([{ state }]);
}

/** The timeline of each enrollment, as the read model has it. */
async function entriesOfAll(): Promise<{ id: string; types: string[] }[]> {
  const { rows } = await t.db.query<{ id: string; types: string[] }>(
    `select enrollment_id as id, array_agg(event_type order by timeline_event.sequence) as types
       from timeline_event join enrollment using (enrollment_id) where program_id = $1 group by enrollment_id`,
    [program.programId],
  );
  return rows;
}

/** The results in the order of the items, of which only some are worked on at once. */
async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const next = async () => {
    for (const [index, item] of waiting) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, next));
  return results;
}
