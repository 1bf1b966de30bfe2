/** Who is reminded of what and when, as a pure function of the facts. */
import { openedState, type EnrollmentState } from '../program/enrollmentState';
import { dueReminders, nextReminder, pendingSince } from '../program/reminders';

const DAY = 24 * 3_600_000;
const START = Date.parse('2023-10-12T16:00:00Z');

/** Waits for the partner and the questionnaire since START; the look-up is ours and nobody is reminded of it. */
function waiting(changes: Partial<EnrollmentState> = {}): EnrollmentState {
  const state: EnrollmentState = {
    ...openedState({
      enrollmentId: 'enr_1',
      programId: 'pps-demo',
      programRevision: 1,
      terms: {
        missedFacts: { then: 'close' },
        noSpend: { then: 'close' },
        maximumDeferrals: 3,
        payoutSpreadMinutes: 0,
        reminders: { advertiserDays: [3, 7, 14], partnerDays: [5], approverDays: [1] },
      },
      submission: {
        id: 'sub_1',
        advertiserId: '7012345678901234567',
        surveyPartner: 'kno',
        storePlatform: 'woocommerce',
        dataSharingAuthorized: true,
        contactId: 'sub_1',
        partnerKeyId: null,
      },
      enrolledOn: '2023-10-12',
      period: {
        month: '2023-11',
        periodFrom: '2023-11-01',
        periodTo: '2023-11-30',
        calculationAt: Date.parse('2023-12-03T05:00:00Z'),
        payoutDate: '2023-12-15',
        payoutAt: Date.parse('2023-12-15T08:00:00Z'),
        calendarRevision: 1,
      },
      makers: ['shop-app'],
    }),
    ...changes,
  };
  return { ...state, pending: changes.pending ?? pendingSince(state, START) };
}

const COMPLETED = { answersId: 'ans_1', by: { role: 'caller', id: 'shop-app' }, at: START } as const;

const due = (state: EnrollmentState, afterDays: number) =>
  dueReminders(state, START + afterDays * DAY).map(({ to, of, number }) => `${to} of ${of} ${number}`);

test('When a wait begins, then it is noted with its time, and our own work is not', () => {
  expect(waiting().pending).toEqual({
    partner_confirmation: { since: START, reminded: 0 },
    questionnaire: { since: START, reminded: 0 },
  });
});

test('When a wait goes on, then it keeps its start; when it ends and begins again, then it starts anew', () => {
  const later = START + 5 * DAY;
  expect(pendingSince(waiting(), later)).toEqual(waiting().pending);
  const completed = waiting({ questionnaire: COMPLETED });
  expect(completed.pending).not.toHaveProperty('questionnaire');
  const reopened = { ...completed, questionnaire: null };
  expect(pendingSince(reopened, later).questionnaire).toEqual({ since: later, reminded: 0 });
});

test.each([
  [2.999, []],
  [3, ['advertiser of questionnaire 1']],
  [5, ['partner of partner_confirmation 1', 'advertiser of questionnaire 1']],
  [7, ['partner of partner_confirmation 1', 'advertiser of questionnaire 2']],
  [100, ['partner of partner_confirmation 1', 'advertiser of questionnaire 3']],
])('When %d days have passed without a reminder, then %j are due', (days, expected) => {
  expect(due(waiting(), days)).toEqual(expected);
});

test('When some reminders were sent, then only later ones are due, and none after the last', () => {
  const sent = (reminded: number) => waiting({ pending: { questionnaire: { since: START, reminded } } });
  expect(due(sent(1), 6)).toEqual([]);
  expect(due(sent(1), 7)).toEqual(['advertiser of questionnaire 2']);
  expect(due(sent(3), 100)).toEqual([]);
  expect(nextReminder(sent(3))).toBeUndefined();
});

test('When the next reminder is asked for, then it is the earliest of all parties', () => {
  expect(nextReminder(waiting())).toEqual({
    to: 'advertiser',
    of: 'questionnaire',
    number: 1,
    at: START + 3 * DAY,
  });
  expect(nextReminder(waiting({ questionnaire: COMPLETED }))).toMatchObject({
    to: 'partner',
    at: START + 5 * DAY,
  });
});

test('When the enrollment is held, then no reminder is due or next', () => {
  const held = waiting({ onHold: { id: 'msg_1', since: START, reasonCode: 'FRAUD_REVIEW' } });
  expect(due(held, 100)).toEqual([]);
  expect(nextReminder(held)).toBeUndefined();
});

test('When a credit waits for its approval, then only the approver is reminded', () => {
  const approving = waiting({ stage: 'approving' });
  expect(approving.pending).toEqual({ approval: { since: START, reminded: 0 } });
  expect(due(approving, 1)).toEqual(['approver of approval 1']);
});

test.each(['calculating', 'scheduled', 'paying', 'closed'] as const)(
  'When the enrollment is %s, then nobody is waited for and nobody is reminded',
  (stage) => {
    const state = waiting({ stage });
    expect(state.pending).toEqual({});
    expect(due(state, 100)).toEqual([]);
  },
);
