/** Plays a story on the real service and on the model side by side, and compares the two after each step. */
import { randomUUID } from 'node:crypto';

import { temporal } from '@temporalio/proto';
import canonicalize from 'canonicalize';
import type { ApiAnswer, Enrollment } from '../../dev/apiClient';
import type { EnrollmentState } from '../../program/enrollmentState';
import { definitionOf } from './modelProgram';
import { giveRailBack, takeRailAway } from './modelRail';
import { formOf, inShort, requestOf, type Request, type Stage } from './modelRequests';
import { viewOf, viewOfAnswer } from './modelView';
import { history, ownProgram, type Enrolled, type OwnProgram } from './ownProgram';
import { paymentsOf } from './payouts';
import { replayProblem } from './replays';
import { advance, opened, railComesBack, tell, type Model, type Tell } from './processModel';
import { commandOf, type Advance, type Command, type Story } from './stories';

const CANNOT_BE_REPLAYED =
  temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR;

/**
 * A workflow task that a busy worker loses is given to another one after 20 s, an activity of the payout after 60 s; there may be
 * more than one.
 */
const AT_REST_MS = 150_000;

/** A story in the middle of being played. */
interface Play {
  stage: Stage;
  program: OwnProgram;
  brand: Enrolled;
  model: Model;
  /** The model, or a wrong one. */
  believed: Tell;
  told: (Command | Advance)[];
  sent: Sent[];
  clockReads: number;
  /** What has happened, for people. */
  lines: string[];
}

interface Sent extends Request {
  key: string;
  answer: ApiAnswer<Enrollment>;
}

/** Throws an error that shows the steps so far and both sides where they part. */
export async function play(stage: Stage, story: Story, believed: Tell = tell): Promise<void> {
  const { rules, form } = story;
  const program = await ownProgram(stage.t, definitionOf(stage.t, rules));
  const brand = await program.enroll(formOf(stage, form));
  const lines = [`program ${text(rules)}`, `enroll ${text(form)}`];
  const model = opened(rules, form);
  if (model.isRailAway) await takeRailAway(stage.t, brand);
  const playing: Play = {
    ...{ stage, program, brand, model, believed, lines },
    ...{ told: [], sent: [], clockReads: 0 },
  };
  await compareStates(playing);
  for (const step of story.steps) {
    if (step.do === 'retry') {
      await retry(playing, playing.sent.at(-1 - step.back));
    } else if (step.do === 'rail back') {
      await bringRailBack(playing);
    } else {
      const command = commandOf(step, playing.told);
      if (command?.do === 'advance') await setClock(playing, command);
      else if (command) await carryOut(playing, command);
    }
  }
  await checkEnd(playing);
}

async function carryOut(playing: Play, command: Command): Promise<void> {
  const { stage, brand, model, believed, told, sent, lines } = playing;
  const request = await requestOf(stage, brand, model.form, command);
  const key = randomUUID();
  const answer = await ask(playing, request, key);
  told.push(command);
  sent.push({ ...request, key, answer });
  lines.push(`${text(command)} -> ${text(inShort(answer))}`);
  compare(playing, 'answers', believed(model, command), inShort(answer));
  await compareStates(playing);
}

/** An earlier request with its key: the same answer, and nothing else. */
async function retry(playing: Play, earlier: Sent | undefined): Promise<void> {
  if (!earlier) return;
  const { route, body, key, answer } = earlier;
  playing.lines.push(`retry of ${route} ${text(body)}`);
  const again = await ask(playing, earlier, key);
  const told = (one: typeof again, replayed = one.headers.has('idempotency-replayed')) => [
    one.status === 200 ? one.body : inShort(one),
    { replayed },
  ];
  compare(playing, 'answers', told(answer, true), told(again));
  await compareStates(playing);
}

async function bringRailBack(playing: Play): Promise<void> {
  const { stage, brand, model, lines } = playing;
  lines.push('the rail is back');
  const isPaying = model.stage === 'paying';
  railComesBack(model);
  await giveRailBack(stage.t, brand, isPaying);
  await compareStates(playing);
}

async function setClock(playing: Play, command: Advance): Promise<void> {
  const { program, brand, model, told, lines } = playing;
  const [before, wasOpen] = [model.now, !model.ending];
  advance(model, command.to);
  told.push(command);
  if (model.now === before) return;
  const instant = new Date(model.now).toISOString();
  lines.push(`${text(command)} (${instant})`);
  await program.advanceTo(instant);
  if (wasOpen) {
    playing.clockReads += 1;
    await brand.untilClockRead(playing.clockReads);
  }
  await compareStates(playing);
}

/** As every client has to: 503 says that the same request may succeed later. */
async function ask(
  { brand, lines }: Play,
  { by, route, body }: Request,
  key: string,
): Promise<ApiAnswer<Enrollment>> {
  for (let tries = 1; ; tries += 1) {
    const answer = await brand.ask(by, route, body, key);
    if (answer.status !== 503 || tries === 5) return answer;
    lines.push(`(503 ${answer.body.detail}; ${route} is sent again)`);
    const seconds = Number(answer.headers.get('retry-after') ?? 1);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  }
}

async function compareStates(playing: Play): Promise<void> {
  await untilAtRest(playing);
  compare(playing, 'states', viewOf(playing.model), viewOfAnswer(await playing.brand.now()));
}

function compare({ lines }: Play, what: string, expected: unknown, found: unknown): void {
  if (isSame(expected, found)) return;
  const steps = lines.map((line, index) => `  ${index}. ${line}`);
  const both = [`The model: ${text(expected)}`, `The service: ${text(found)}`];
  throw new Error([`The ${what} differ after the last step:`, ...both, ...steps].join('\n'));
}

/** Until nothing is under way that goes on by itself, and the read model says what the workflow says. */
async function untilAtRest(playing: Play): Promise<void> {
  const { stage, brand, model } = playing;
  const deadline = Date.now() + AT_REST_MS;
  for (;;) {
    // On a busy machine a query may be answered with an error of the SDK's; one that stays is a failure.
    const workflow = await brand.state().catch((error: Error) => error);
    const { rows } = await stage.t.db.query<{ state: unknown }>(
      'select state from enrollment where enrollment_id = $1',
      [brand.id],
    );
    const readModel = rows[0]?.state;
    const isThere = !(workflow instanceof Error) && isAtRest(workflow, model);
    if (isThere && isSame(workflow, readModel)) return;
    if (Date.now() > deadline) {
      const { raw } = await brand.workflow.describe();
      const pending = (raw.pendingActivities ?? []).map(({ activityType, attempt, state, lastFailure }) => ({
        type: activityType?.name,
        attempt,
        state,
        lastFailure: lastFailure?.message,
      }));
      const found = {
        pending,
        workflow: workflow instanceof Error ? workflow.message : workflow,
        readModel,
      };
      compare(playing, 'states (it does not come to rest)', viewOf(model), found);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isAtRest(
  { stage, lookUp, onHold, approval, period }: EnrollmentState,
  { now, isRailAway }: Model,
): boolean {
  switch (stage) {
    case 'collecting':
      return lookUp.state !== 'pending' && (onHold !== null || period.calculationAt > now);
    case 'approving':
      return !approval?.decided;
    case 'scheduled':
      return onHold !== null || period.payoutAt > now;
    case 'paying':
      return isRailAway;
    case 'closed':
      return true;
    default:
      return false;
  }
}

/** What holds of every story: paid once or not at all, recorded without gaps, and closed once it has ended. */
async function checkEnd(playing: Play): Promise<void> {
  const { stage, brand, model } = playing;
  const isPaid = model.ending?.status === 'paid';
  const payments = (await paymentsOf(stage.t, brand)).map(({ amountMinor }) => amountMinor);
  compare(playing, 'payments', isPaid ? [model.credit!.amountMinor] : [], payments);
  compare(playing, 'calls of pay', model.payoutsBegun, (await brand.activities())['pay'] ?? 0);

  compare(playing, 'replays of the history', null, await replayProblem(brand.workflow));
  const failedTasks = (await history(brand.workflow)).filter(
    ({ workflowTaskFailedEventAttributes: failed }) => failed?.cause === CANNOT_BE_REPLAYED,
  );
  compare(
    playing,
    'workflow tasks that cannot be replayed',
    [],
    failedTasks.map(({ eventId }) => String(eventId)),
  );

  const sequences = await recordedSequences(playing);
  const counted = sequences.map((_, index) => index + 1);
  compare(playing, 'sequence numbers of the timeline', counted, sequences);

  if (!model.ending) return;
  for (const command of oneOfEach(model)) {
    const answer = await ask(playing, await requestOf(stage, brand, model.form, command), randomUUID());
    playing.lines.push(`${text(command)} -> ${text(inShort(answer))}`);
    compare(playing, 'answers', { status: 409, code: 'ENROLLMENT_ENDED' }, inShort(answer));
  }
  await compareStates(playing);
  compare(playing, 'timelines', sequences, await recordedSequences(playing));
}

async function recordedSequences({ stage, brand }: Play): Promise<number[]> {
  const { rows } = await stage.t.db.query<{ sequence: number }>(
    'select sequence from timeline_event where enrollment_id = $1 order by sequence',
    [brand.id],
  );
  return rows.map(({ sequence }) => sequence);
}

/** Each by somebody who may, as long as the enrollment is open. */
function oneOfEach({ form, rules }: Model): Command[] {
  const partner = form.partner;
  const other = form.platform === 'shopify' ? 'woocommerce' : 'shopify';
  return [
    { do: 'confirm', by: partner, account: 'present' },
    { do: 'reject', by: partner, account: 'present' },
    { do: 'complete', by: 'shop-app' },
    { do: 'reopen', by: 'ana' },
    { do: 'resubmit', by: 'shop-app', change: {} },
    { do: 'resubmit', by: 'shop-app', change: { platform: other } },
    { do: 'defer', by: rules.deferral.by.includes('partner') ? partner : 'ana', month: '2024-02' },
    { do: 'hold', by: 'ana', reasonCode: 'FRAUD_REVIEW' },
    { do: 'release', by: 'ana' },
    { do: 'waive', by: 'ana', criterion: 'questionnaire' },
    { do: 'decide', by: 'bo', outcome: 'approve', statement: 'present' },
    { do: 'withdraw', by: 'shop-app' },
  ];
}

/** As data: what was parsed in another realm (jest has one of its own) is the same. */
function isSame(one: unknown, other: unknown): boolean {
  return canonicalize(one) === canonicalize(other);
}

function text(value: unknown): string {
  return JSON.stringify(value);
}
