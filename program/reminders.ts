/**
 * Who is reminded of what, and when: the program's days after the start of each wait. None after what was waited for is
 * there, none while the enrollment is held. Pure; the workflow waits for the next one and records it.
 */
import { openNeeds, type Need } from './criteria';
import type { EnrollmentState } from './enrollmentState';

/** What somebody outside can be reminded of. */
export type ReminderSubject = Exclude<Need['what'], ServiceNeed> | 'approval';
type ServiceNeed = 'advertiser_look_up' | 'partner_key_check';

export interface Reminder {
  to: 'advertiser' | 'partner' | 'approver';
  of: ReminderSubject;
  /** 1 for the first of this wait. */
  number: number;
  /** Epoch ms, program clock. */
  at: number;
}

const DAY_MS = 24 * 3_600_000;

/** What is waited for now, each with the start of its wait; a wait that ended and began again starts anew. */
export function pendingSince(state: EnrollmentState, now: number): EnrollmentState['pending'] {
  return Object.fromEntries(
    awaitedNow(state).map(({ of }) => [of, state.pending[of] ?? { since: now, reminded: 0 }]),
  );
}

/** When the next reminder is due, if the program has one more for what is waited for; it may be due already. */
export function nextReminder(state: EnrollmentState): Reminder | undefined {
  return remaining(state)
    .sort((one, other) => one.at - other.at)
    .at(0);
}

/** One for each wait: if the clock has passed several, the last of them stands for all. */
export function dueReminders(state: EnrollmentState, now: number): Reminder[] {
  const due = new Map(
    remaining(state)
      .filter(({ at }) => at <= now)
      .map((reminder) => [reminder.of, reminder]),
  );
  return [...due.values()];
}

/** All that are still to come or due, those of one wait in order. */
function remaining(state: EnrollmentState): Reminder[] {
  if (state.onHold) return [];
  return awaitedNow(state).flatMap(({ to, of }) => {
    const wait = state.pending[of];
    if (!wait) return [];
    return daysOf(state, to)
      .map((day, index): Reminder => ({ to, of, number: index + 1, at: wait.since + day * DAY_MS }))
      .slice(wait.reminded);
  });
}

function awaitedNow(state: EnrollmentState): Pick<Reminder, 'to' | 'of'>[] {
  if (state.stage === 'approving') return [{ to: 'approver', of: 'approval' }];
  if (state.stage !== 'collecting') return [];
  return openNeeds(state).flatMap(({ who, what }) =>
    who === 'service' ? [] : [{ to: who, of: what as ReminderSubject }],
  );
}

function daysOf({ terms }: EnrollmentState, to: Reminder['to']): number[] {
  const { advertiserDays, partnerDays, approverDays } = terms.reminders;
  return { advertiser: advertiserDays, partner: partnerDays, approver: approverDays }[to];
}
