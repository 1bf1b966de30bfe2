/** Who may move an enrollment to another month. Whether that month is open to it is the calendar's matter (calendar.ts). */
import type { ProgramDefinition } from './definition';
import type { ActorRole } from './enrollmentState';

type DeferralRules = Pick<ProgramDefinition['deferral'], 'by'>;

/** Forwards: "telling its survey partner" (program page, 4), as far as the program says so. */
export function mayDefer({ by }: DeferralRules, role: ActorRole): boolean {
  return by.some((allowed) => allowed === role);
}

/** Taking a deferral back is an admin's in every program. */
export function mayUndoDeferral(role: ActorRole): boolean {
  return role === 'admin';
}

/** Months as YYYY-MM. To the month that it has: a move back that was made already, asked for again. */
export function mayMove(
  rules: DeferralRules,
  role: ActorRole,
  { from, to }: { from: string; to: string },
): boolean {
  return mayDefer(rules, role) || (to <= from && mayUndoDeferral(role));
}
