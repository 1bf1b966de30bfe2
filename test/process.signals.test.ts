/** Messages from people in Temporal UI and at the command line: Signals with as little in them as possible. */
import { randomUUID } from 'node:crypto';
import { eventually } from '../dev/apiClient';
import { ownProgram, shownDetails, type Enrolled } from './support/ownProgram';
import { readSource } from './support/sources';
import { temporalCommand } from './support/temporalCommand';
import { startTestService, type TestService } from './support/testService';
import { untilAtRest } from './support/workflows';

const OPERATING = readSource('docs/operating.md');
const OPERATOR = { role: 'operator', id: 'Temporal UI' };
const DECEMBER = { calculationMonth: '2023-12', calculationDate: '2024-01-03T05:00:00.000Z' };

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterAll(() => t?.stop());

test('When an operator signals defer with a month only, then it is a complete deferral', async () => {
  const brand = await located();
  await brand.workflow.signal('defer', { month: '2023-12' });
  expect(await brand.untilEvent('deferred')).toMatchObject({
    actor: OPERATOR,
    details: { fromMonth: '2023-11', month: '2023-12' },
  });
  expect(await brand.now()).toMatchObject(DECEMBER);
});

test('When an operator signals confirmPartner and completeQuestionnaire without input, then both facts are in', async () => {
  const brand = await located();
  await brand.workflow.signal('confirmPartner');
  await brand.workflow.signal('completeQuestionnaire');
  expect(await brand.untilStatus('measuring')).toMatchObject({ calculationMonth: '2023-11' });
  const { partnerStatements, questionnaire, submission } = await brand.state();
  expect(partnerStatements.subscription).toMatchObject({
    by: OPERATOR,
    submissionId: submission.id,
    advertiserId: submission.advertiserId,
  });
  expect(questionnaire).toMatchObject({ by: OPERATOR, answersId: null });
});

test('When the commands of docs/operating.md are run, then each is the fact or move that it is said to be', async () => {
  const brand = await located();
  const commands = [...OPERATING.matchAll(/^temporal (workflow signal .+)$/gm)].map(([, words]) => words!);
  expect(commands).toHaveLength(5);
  for (const command of commands) {
    const words = command
      .replace(/ --address \S+/, '')
      .replace('enrollment:pps-demo:northwind.example', brand.workflow.workflowId)
      .match(/'[^']*'|\S+/g)!;
    await temporalCommand(t, ...words.map((word) => word.replaceAll("'", '')));
  }
  await brand.untilEvent('held');
  expect((await brand.timeline()).slice(2).map(({ type, actor }) => [type, actor])).toEqual([
    ['deferred', OPERATOR],
    ['partner_confirmed', OPERATOR],
    ['partner_confirmed', OPERATOR],
    ['questionnaire_completed', OPERATOR],
    ['held', OPERATOR],
  ]);
  expect(await brand.now()).toMatchObject({ ...DECEMBER, onHold: { reasonCode: 'FRAUD_REVIEW' } });
  expect((await brand.state()).lastRefusal).toBeNull();
});

test('When the inputs of the table in docs/operating.md are signalled, then all of them are taken', async () => {
  const brand = await located();
  const table = OPERATING.split('\n## Signals\n')[1]!.split('\n## ')[0]!;
  const rows = [...table.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(([, name, inputs]) => ({
    name: name!,
    inputs: inputs!,
  }));
  expect(rows.map(({ name }) => name).sort()).toEqual([
    'completeQuestionnaire',
    'confirmPartner',
    'defer',
    'hold',
    'rejectPartner',
  ]);
  let sent = 0;
  for (const { name, inputs } of rows) {
    const bodies = [...inputs.matchAll(/`([^`]+)`/g)].map(([, json]) => JSON.parse(json!) as unknown);
    const sendings = [...(inputs.includes('none') ? [[]] : []), ...bodies.map((body) => [body])];
    for (const args of sendings) await brand.workflow.signal(name, ...args);
    sent += sendings.length;
  }
  // Opened and located come before.
  const timeline = await eventually(
    () => brand.timeline(),
    (items) => items.length >= sent + 2,
  );
  expect(timeline.filter(({ type }) => type === 'message_refused')).toEqual([]);
  expect((await brand.state()).lastRefusal).toBeNull();
});

test('When a Signal says that somebody else sent it, then it is recorded as sent by the operator and has no more rights', async () => {
  const brand = await located();
  const admin = { role: 'admin', id: 'ana' };
  await brand.workflow.signal('defer', { month: '2023-12', actor: admin });
  expect(await brand.untilEvent('deferred')).toMatchObject({ actor: OPERATOR });
  // Only an admin may undo a deferral.
  await brand.workflow.signal('defer', { month: '2023-11', actor: admin });
  expect(await brand.untilEvent('message_refused')).toMatchObject({
    actor: OPERATOR,
    details: { message: 'defer', code: 'MONTH_NOT_LATER' },
  });
  expect(await brand.now()).toMatchObject(DECEMBER);
});

test('When the same Signal comes twice, then the second changes nothing', async () => {
  const brand = await located();
  const { workflow } = brand;
  await workflow.signal('defer', { month: '2023-12' });
  // It reads the calendar first, so a Signal in the same task would overtake it.
  await brand.untilEvent('deferred');
  await workflow.signal('defer', { month: '2023-12' });
  for (let times = 0; times < 2; times += 1) await workflow.signal('confirmPartner');
  // An Update is taken after the Signals that came before it.
  await brand.complete();
  expect(await brand.state()).toMatchObject({ deferredFrom: ['2023-11'], lastRefusal: null });
  const seen = (await brand.timeline()).slice(2).map(({ type, details }) => [type, details['repeated']]);
  expect(seen).toEqual([
    ['deferred', undefined],
    ['partner_confirmed', false],
    ['partner_confirmed', true],
    ['questionnaire_completed', false],
  ]);
});

test('When Signals with one message id come in one workflow task, then one is applied and the read model keeps up', async () => {
  const brand = await located();
  await t.service.worker.kill('SIGKILL');
  const messageId = randomUUID();
  const bad = randomUUID();
  for (const month of ['2023-12', '2023-12', '2024-01']) {
    await brand.workflow.signal('defer', { month, messageId });
    await brand.workflow.signal('defer', { month: '2030-01', messageId: bad });
  }
  await t.service.startWorker();
  await brand.untilEvent('message_refused', 3);
  await brand.untilEvent('deferred');
  await untilAtRest(brand.workflow);
  expect(await brand.now()).toMatchObject(DECEMBER);
  expect((await brand.happened()).filter((type) => type === 'deferred')).toHaveLength(1);
});

const UNUSABLE: [string, string, unknown, string][] = [
  ['defer', 'a month that is none', { month: 'never' }, 'INVALID_MESSAGE'],
  ['defer', 'no input', undefined, 'INVALID_MESSAGE'],
  ['defer', 'a text instead of an object', '2023-12', 'INVALID_MESSAGE'],
  ['defer', 'a list', [{ month: '2023-12' }], 'INVALID_MESSAGE'],
  ['defer', 'a month outside the calendar', { month: '2030-01' }, 'MONTH_NOT_IN_CALENDAR'],
  ['defer', 'a version of another contract', { month: '2023-12', version: 2 }, 'INVALID_MESSAGE'],
  ['defer', 'a message id that is no text', { month: '2023-12', messageId: 7 }, 'INVALID_MESSAGE'],
  ['confirmPartner', 'a field that nobody knows', { advertiser: '7012345678901234567' }, 'INVALID_MESSAGE'],
  ['confirmPartner', 'another ad account', { advertiserId: '7012345678901234568' }, 'SUBMISSION_SUPERSEDED'],
  ['completeQuestionnaire', 'free text', { answersId: 'they told me, all good' }, 'INVALID_MESSAGE'],
];

test.each(UNUSABLE)(
  'When an operator signals %s with %s, then operators see the refusal and the enrollment goes on',
  async (name, _what, input, code) => {
    const brand = await located();
    await brand.workflow.signal(name, ...(input === undefined ? [] : [input]));
    const refused = await brand.untilEvent('message_refused');
    expect(refused).toMatchObject({ actor: OPERATOR, details: { message: name, code } });
    const { lastRefusal, ...state } = await brand.state();
    expect(lastRefusal).toMatchObject({ message: name, reason: refused.details['reason'] });
    expect(await shownDetails(brand)).toContain(
      `- Last message refused: ${name} at 12 Oct 2023, 16:00 UTC: ${lastRefusal!.reason}`,
    );
    expect(state).toMatchObject({
      partnerStatements: {},
      questionnaire: null,
      deferredFrom: [],
      period: { month: '2023-11' },
    });
    expect(await brand.confirm()).toMatchObject({ status: 200 });
    expect(await brand.complete()).toMatchObject({ status: 200, body: { status: 'measuring' } });
  },
);

async function located(): Promise<Enrolled> {
  const brand = await (await ownProgram(t)).enroll();
  await brand.untilEvent('advertiser_located');
  return brand;
}
