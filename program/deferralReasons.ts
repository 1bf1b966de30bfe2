/** Why an enrollment cannot be moved to a month, in words that name the month and the limit. */
import { REASONS, type ReasonCode } from './reasonCodes';

export interface RefusedDeferral {
  /** The month that was asked for, YYYY-MM. */
  month: string;
  /** The month of the enrollment as it is. */
  currentMonth: string;
  /** How many deferrals its program allows it. */
  maximumDeferrals: number;
}

/** A sentence; for a reason that has nothing to do with the month, the one that it always has. */
export function whyNotDeferred(
  reasonCode: ReasonCode,
  { month, currentMonth, maximumDeferrals }: RefusedDeferral,
): string {
  switch (reasonCode) {
    case 'MONTH_NOT_IN_CALENDAR':
      return `The month ${month} is not in the program's calendar.`;
    case 'MONTH_NOT_LATER':
      return `A deferral goes to a later month only, and ${month} is not later than ${currentMonth}.`;
    case 'MONTH_PAST':
      return `The calculation date of ${month} has passed.`;
    case 'NO_SUCH_DEFERRAL':
      return `Only a deferral of this enrollment can be undone, and it was not deferred from ${month}.`;
    case 'DEFERRAL_LIMIT_REACHED':
      return maximumDeferrals === 0
        ? `The program allows no deferral, so the enrollment cannot move to ${month}.`
        : `The program allows an enrollment ${maximumDeferrals} ${maximumDeferrals === 1 ? 'deferral' : 'deferrals'}, and none is left to move to ${month}.`;
    default:
      return REASONS[reasonCode];
  }
}
