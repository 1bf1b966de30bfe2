/** Plays a story on the real service beside the model, and compares the two after each step. */
import { randomUUID } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { ApiAnswer, ApiClient, Enrollment } from '../../dev/apiClient';
import type { EnrollmentState } from '../../program/enrollmentState';
import type { AccountName } from './modelAccounts';
import type { Command, ModelForm, ModelRules, Person, Story } from './modelCommands';
import { viewOf, viewOfAnswer } from './modelView';
import { ownProgram, type Enrolled } from './ownProgram';
import { opened, tell, type Answer, type Model, type Tell } from './processModel';
import type { Form, TestService } from './testService';

/** What all stories are played on. */
export interface Stage {
  t: TestService;
  accounts: Record<AccountName, string>;
  keys: Record<Person, ApiClient>;
}

export interface Played {
  brand: Enrolled;
  model: Model;
  request(command: Command): Promise<Answer>;
}

interface Sent {
  by: ApiClient;
  route: string;
  body: unknown;
  key: string;
  answer: ApiAnswer<Enrollment>;
}

/** Throws an error that shows the steps so far and both sides, where they part. */
export async function play(stage: Stage, story: Story, believed: Tell = tell): Promise<Played> {
  const { t } = stage;
  const program = await ownProgram(t, rulesOf(t, story.rules));
  const model = opened(story.rules, story.form);
  const brand = await program.enroll(formOf(stage, story.form));
  const told: Command[] = [];
  const sent: Sent[] = [];
  const lines: string[] = [`enroll ${JSON.stringify(story.form)}`];
  let clockReads = 0;

  const disagree = (what: string, expected: unknown, found: unknown) =>
    new Error(
      [
        what,
        `Rules: ${JSON.stringify(story.rules)}`,
        ...lines.map((line, index) => `${String(index).padStart(3)}. ${line}`),
        `The model:   ${JSON.stringify(expected)}`,
        `The service: ${JSON.stringify(found)}`,
      ].join('\n'),
    );
  const compare = async () => {
    await untilAtRest(t, brand, model.now).catch((error: Error) => {
      throw disagree(error.message, viewOf(model), null);
    });
    const [expected, found] = [viewOf(model), viewOfAnswer(await brand.now())];
    if (!isSame(expected, found)) throw disagree('The states differ.', expected, found);
  };
  const request = async (command: Command): Promise<Answer> => {
    const { route, body } = await requestOf(stage, brand, model.form, command);
    const by = stage.keys[(command as { by: Person }).by];
    const key = randomUUID();
    const answer = await brand.ask(by, route, body, key);
    sent.push({ by, route, body, key, answer });
    return shortly(answer);
  };
  const carryOut = async (command: Command) => {
    told.push(command);
    lines.push(JSON.stringify(command));
    const [before, wasOpen] = [model.now, !model.ending];
    if (command.do === 'advance') {
      believed(model, command);
      if (model.now === before) return;
      await program.advanceTo(new Date(model.now).toISOString());
      if (wasOpen) await brand.untilClockRead(++clockReads);
    } else {
      const found = await request(command);
      const expected = believed(model, command);
      lines.push(`${lines.pop()} -> ${found.status} ${found.code ?? ''}`);
      if (!isSame(found, expected)) throw disagree('The answers differ.', expected, found);
    }
    await compare();
  };
  const retry = async ({ by, route, body, key, answer }: Sent) => {
    lines.push(`${route} again, with its Idempotency-Key`);
    const replayed = await brand.ask(by, route, body, key);
    const [expected, found] = [answer, replayed].map(toldBy);
    if (!isSame(found, expected) || !replayed.headers.has('idempotency-replayed'))
      throw disagree('The answers differ.', expected, found);
    await compare();
  };

  await compare();
  for (const step of story.steps) {
    if (step.do === 'retry') {
      const earlier = sent.at(-1 - step.back);
      if (earlier) await retry(earlier);
    } else if (step.do === 'again') {
      const earlier = told.at(-1 - step.back);
      if (earlier) await carryOut(earlier);
    } else await carryOut(step);
  }
  return { brand, model, request };
}

/** Until nothing is under way that no command or clock would have to set going, and the read model says the same. */
async function untilAtRest(t: TestService, brand: Enrolled, now: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const state = await brand.state();
    const read = await readModel(t, brand);
    if (isAtRest(state, now) && isSame(state, read)) return;
    if (Date.now() > deadline) {
      const both = `workflow ${JSON.stringify(state)}, read model ${JSON.stringify(read)}`;
      throw new Error(`The enrollment does not come to rest: ${both}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isAtRest({ stage, lookUp, onHold, approval, period }: EnrollmentState, now: number): boolean {
  switch (stage) {
    case 'collecting':
      return lookUp.state !== 'pending' && (onHold !== null || period.calculationAt > now);
    case 'approving':
      return !approval?.decided;
    case 'scheduled':
      return onHold !== null || period.payoutAt > now;
    case 'closed':
      return true;
    default:
      return false;
  }
}

async function readModel(t: TestService, { id }: Enrolled): Promise<unknown> {
  const { rows } = await t.db.query<{ state: unknown }>(
    'select state from enrollment where enrollment_id = $1',
    [id],
  );
  return rows[0]?.state;
}

function rulesOf({ definition }: TestService, rules: ModelRules): Parameters<typeof ownProgram>[1] {
  const { missedFacts, noSpend, latePayoutDate, deferral } = rules;
  return {
    // Four months: the model's calendar.
    calendar: definition.calendar.slice(0, 4),
    window: { from: '2023-10-01', to: '2024-01-31' },
    policies: { missedFacts, noSpend, latePayoutDate: { then: latePayoutDate } },
    deferral,
  };
}

function formOf({ t, accounts }: Stage, form: ModelForm): Omit<Form, 'brand'> {
  return {
    contact: { name: 'Nora Wind', email: form.contact },
    surveyPartner: form.partner,
    storePlatform: form.platform,
    advertiserId: accounts[form.account],
    dataSharing: { authorized: form.authorized, textVersion: t.definition.dataSharing.textVersion },
  };
}

async function requestOf(
  stage: Stage,
  brand: Enrolled,
  form: ModelForm,
  command: Command,
): Promise<{ route: string; body: unknown }> {
  const { t, accounts } = stage;
  switch (command.do) {
    case 'confirm':
    case 'reject': {
      const { of, criteria, do: what } = command;
      const reasonCode = what === 'reject' ? command.reasonCode : undefined;
      const advertiserId = of === 'present' ? accounts[form.account] : '7000000000000000000';
      const route = what === 'confirm' ? 'partner-confirmation' : 'partner-rejection';
      return { route, body: { advertiserId, criteria, reasonCode } };
    }
    case 'complete':
      return { route: 'questionnaire', body: { answers: t.answers } };
    case 'reopen':
      return { route: 'questionnaire/reopening', body: {} };
    case 'resubmit': {
      const { brand: name } = brand.form;
      return { route: 'resubmission', body: { brand: name, ...formOf(stage, { ...form, ...command.change }) } };
    }
    case 'defer':
      return { route: 'deferral', body: { month: command.month } };
    case 'hold':
      return { route: 'hold', body: { reasonCode: command.reasonCode } };
    case 'release':
      return { route: 'release', body: { note: 'Looked at; nothing is wrong.' } };
    case 'waive': {
      const { criterion } = command;
      return {
        route: 'waiver',
        body: { criterion, reasonCode: 'SUBSCRIPTION_NOT_CONFIRMED', note: 'Said so on the telephone.' },
      };
    }
    case 'withdraw':
      return { route: 'withdrawal', body: {} };
    case 'decide': {
      const { approval } = await brand.now();
      const present = command.on === 'present' ? approval?.statementId : undefined;
      return { route: 'approval', body: { outcome: command.outcome, statementId: present ?? 'st_of_old' } };
    }
    case 'advance':
      throw new TypeError('The clock is no request to the enrollment.');
  }
}

function shortly({ status, body }: ApiAnswer<Enrollment>): Answer {
  return status === 200 ? { status } : { status, code: body.code ?? 'none' };
}

/** What is the same in each replay of an answer. */
function toldBy({ status, body }: ApiAnswer<Enrollment>): unknown {
  return status === 200 ? { status, body } : { status, code: body.code, detail: body.detail };
}

/** As data: what was parsed in another realm (jest has its own) counts as the same. */
function isSame(one: unknown, other: unknown): boolean {
  return canonicalize(one) === canonicalize(other);
}
