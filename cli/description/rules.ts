/** What happens when, and what is asked, as people read it. */
import type { ProgramDefinition } from '../../program/definition';
import { countOf, facts, listOf, paragraph, section, table, wrap } from '../layout';

type Policies = ProgramDefinition['policies'];

const LATE_PAYOUT: Record<Policies['latePayoutDate']['then'], string> = {
  pay_at_once: 'is paid at once',
  next_in_calendar: 'is paid on the next payout date of the calendar',
};

const DEFERRERS: Record<ProgramDefinition['deferral']['by'][number], string> = {
  partner: 'the survey partner',
  admin: 'an admin',
};

export function describeMoves({ deferral, policies }: ProgramDefinition): string {
  const { missedFacts, noSpend, latePayoutDate } = policies;
  return section(
    'Deferral and policies',
    facts([
      [
        'Deferral',
        deferral.maximum === 0
          ? 'None.'
          : `To a later month, at most ${times(deferral.maximum)} an enrollment, by ${listOf(
              deferral.by.map((by) => DEFERRERS[by]),
              'or',
            )}.`,
      ],
      [
        'Missed facts',
        `What still has an open criterion on the calculation date ${consequence(missedFacts)}.`,
      ],
      ['No spend', `What has no spend in the period, or less than the minimum, ${consequence(noSpend)}.`],
      ['Late payout', `A credit that is ready after its payout date ${LATE_PAYOUT[latePayoutDate.then]}.`],
    ]),
  );
}

function consequence(policy: Policies['noSpend']): string {
  return policy.then === 'close'
    ? 'is closed as ineligible'
    : `moves to the next calculation month, at most ${times(policy.atMost)}, and is then closed as ineligible`;
}

function times(count: number): string {
  return count === 1 ? 'once' : countOf(count, 'time');
}

export function describeReminders({ reminders }: ProgramDefinition): string {
  const after = (days: number[]) =>
    days.length === 0
      ? 'none'
      : `after ${listOf(days.map(String))} ${days.at(-1) === 1 ? 'day' : 'days'} of waiting`;
  return section(
    'Reminders',
    facts([
      ['Advertiser', after(reminders.advertiserDays)],
      ['Survey partner', after(reminders.partnerDays)],
      ['Approver', after(reminders.approverDays)],
    ]),
  );
}

export function describeQuestionnaire({ questionnaire }: ProgramDefinition): string {
  const rows = questionnaire.questions.map((question, index) => [
    `${index + 1}  ${question.id}`,
    [
      ...wrap(question.text, 50),
      ...(question.type === 'choice' ? question.choices.map((choice) => `- ${choice}`) : []),
    ].join('\n'),
    question.type,
    question.required ? 'required' : 'optional',
  ]);
  return section('Questionnaire', table(rows));
}

export function describeDataSharing({ dataSharing }: ProgramDefinition): string {
  return section(
    `Data sharing authorization, version ${dataSharing.textVersion}`,
    paragraph(dataSharing.text),
  );
}

const RAILS: Record<ProgramDefinition['rail'], string> = {
  sandbox: 'sandbox: moves nothing real',
  manual: 'manual: no worker pays by it yet; its payouts wait',
};

export function describePayout({
  rail,
  payoutSpreadMinutes,
  creditExpiryDays,
  testClock,
}: ProgramDefinition): string {
  return section(
    'Payout and clock',
    facts([
      ['Rail', RAILS[rail]],
      [
        'Payouts of a date',
        payoutSpreadMinutes === 0
          ? 'begin at once'
          : `begin within ${countOf(payoutSpreadMinutes, 'minute')}, each at a moment of its own`,
      ],
      [
        'Credit expiry',
        creditExpiryDays === null ? 'not stated' : `${countOf(creditExpiryDays, 'day')} after the payout`,
      ],
      [
        'Test clock',
        testClock === null
          ? 'none: the program runs on real time'
          : `starts at ${testClock.startsAt} and ${pace(testClock.speed)}`,
      ],
    ]),
  );
}

function pace(speed: number): string {
  return speed === 0 ? 'stands still' : `runs ${speed} times as fast as real time`;
}
