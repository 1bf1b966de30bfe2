/**
 * Random stories of one enrollment, on the real service and on a naive model of the rules side by side. The suite plays 50
 * seeds, always the same; `PROCESS_SEEDS=1000 npm test -- test/process.model.test.ts` plays as many as one likes, and
 * `PROCESS_SEED=17` that one only: if it fails, it is played again and again with fewer steps for the shortest that fails.
 */
import * as fc from 'fast-check';
import { createApiClient } from '../dev/apiClient';
import { DEVELOPMENT_KEYS } from '../dev/settings';
import { play } from './support/modelPlay';
import { FIRST_MONTH, openAccounts } from './support/modelProgram';
import type { Stage } from './support/modelRequests';
import { advance, opened, railComesBack, tell, type Tell } from './support/processModel';
import { commandOf, STORIES, type Advance, type Command } from './support/stories';
import { startTestService, type TestService } from './support/testService';

const FILE = 'test/process.model.test.ts';
const SEEDS_IN_SUITE = 50;
const AT_ONCE = 6;
/** Many times what one takes on two cores. */
const TIMEOUT_PER_SEED_MS = 6_000;
const SHORTENING_MS = 240_000;

const oneSeed = numberFrom('PROCESS_SEED');
const seeds = oneSeed === undefined ? seedsTo(numberFrom('PROCESS_SEEDS') ?? SEEDS_IN_SUITE) : [oneSeed];

let t: TestService;
let stage: Stage;
beforeAll(async () => {
  const keys = [...DEVELOPMENT_KEYS, { key: 'pps_dev_approver_ana', role: 'approver', id: 'ana' }];
  t = await startTestService({ environment: { API_KEYS: JSON.stringify(keys) } });
  stage = {
    t,
    accounts: await openAccounts(t),
    keys: {
      'shop-app': t.caller,
      kno: t.partner,
      fairing: t.otherPartner,
      ana: t.admin,
      bo: t.approver,
      'ana as approver': createApiClient(t.service.apiUrl, 'pps_dev_approver_ana'),
    },
  };
});
afterAll(() => t?.stop());

test(
  'When commands come in random order, then each enrollment is where a naive model of the rules says',
  async () => {
    const failures: string[] = [];
    await eachOf(seeds, async (seed) => {
      const failure = await failureOf(seed, tell, oneSeed !== undefined);
      if (failure !== undefined) failures.push(failure);
    });
    if (failures.length > 0)
      throw new Error(`${failures.length} of ${seeds.length} seeds fail.\n\n${failures.join('\n\n')}`);
  },
  120_000 + SHORTENING_MS + seeds.length * TIMEOUT_PER_SEED_MS,
);

test('When the model is wrong about deferrals, then a seed of the suite fails and says how to replay it', async () => {
  const believesInGoingBack: Tell = (model, command) => {
    if (command.do !== 'defer' || command.month < FIRST_MONTH || command.month >= model.period.month)
      return tell(model, command);
    model.deferredFrom.push(command.month);
    return tell(model, { ...command, by: 'ana' });
  };
  // The first in which it makes the difference, to save time.
  const seed = seedsTo(SEEDS_IN_SUITE).find((each) => {
    const [wrong, right] = [whatHappensIn(each, believesInGoingBack), whatHappensIn(each, tell)];
    const parting = wrong.findIndex((what, index) => what !== right[index]);
    return wrong[parting] === 'accepted' && ['MONTH_NOT_LATER', 'NO_SUCH_DEFERRAL'].includes(right[parting]!);
  });
  const failure = await failureOf(seed!, believesInGoingBack);
  expect(failure).toContain(`Replay seed ${seed}: PROCESS_SEED=${seed} npm test -- ${FILE}\n`);
  expect(failure).toMatch(
    /\{"do":"defer",[^\n]+ -> \{"status":409,"code":"(MONTH_NOT_LATER|NO_SUCH_DEFERRAL)"\}/,
  );
  expect(failure).toContain('The model: {"status":200}\nThe service: {"status":409');
});

test('When the stories of the suite are told to the model alone, then they get to every end and every refusal', () => {
  expect(seedsTo(SEEDS_IN_SUITE).flatMap((seed) => whatHappensIn(seed, tell))).toEqual(
    expect.arrayContaining([
      ...['collecting', 'approving', 'scheduled', 'paying', 'paid', 'ineligible', 'rejected', 'withdrawn'],
      ...['NOT_FOUND', 'FORBIDDEN', 'CALCULATION_BEGUN', 'SUBMISSION_SUPERSEDED', 'NOT_ON_HOLD'],
      ...['NO_APPROVAL_AWAITED', 'ON_HOLD', 'DECISION_OUTDATED', 'MAKER_IS_CHECKER', 'ENROLLMENT_ENDED'],
      ...['MONTH_NOT_LATER', 'MONTH_NOT_IN_CALENDAR', 'NO_SUCH_DEFERRAL', 'DEFERRAL_LIMIT_REACHED'],
    ]),
  );
});

/** What goes wrong with the story of a seed; undefined if nothing does. */
async function failureOf(seed: number, believed: Tell, shorten = false): Promise<string | undefined> {
  const property = fc.asyncProperty(STORIES, (story) => play(stage, story, believed));
  const { failed, errorInstance } = await fc.check(property, {
    ...{ seed, numRuns: 1, endOnFailure: !shorten },
    ...(shorten && { interruptAfterTimeLimit: SHORTENING_MS }),
  });
  if (!failed) return undefined;
  const what = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return `Replay seed ${seed}: PROCESS_SEED=${seed} npm test -- ${FILE}\n${what}`;
}

/** Some of them side by side, each in a program of its own. */
async function eachOf(all: readonly number[], work: (seed: number) => Promise<void>): Promise<void> {
  const left = [...all];
  const workThrough = async () => {
    for (let seed = left.shift(); seed !== undefined; seed = left.shift()) await work(seed);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, workThrough));
}

/** In the model alone: each refusal, and where the enrollment stands after each step. */
function whatHappensIn(seed: number, believed: Tell): string[] {
  const [story] = fc.sample(STORIES, { seed, numRuns: 1 });
  const model = opened(story!.rules, story!.form);
  const told: (Command | Advance)[] = [];
  const happened: string[] = [];
  for (const step of story!.steps) {
    if (step.do === 'rail back') {
      railComesBack(model);
      continue;
    }
    const command = step.do === 'retry' ? undefined : commandOf(step, told);
    if (!command) continue;
    told.push(command);
    if (command.do === 'advance') advance(model, command.to);
    else happened.push(believed(model, command).code ?? 'accepted');
    happened.push(model.ending?.status ?? model.stage);
  }
  return happened;
}

function seedsTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

function numberFrom(variable: string): number | undefined {
  const text = process.env[variable];
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${variable} must be a whole number from 1, not ${text}.`);
  return Number(text);
}
