/** Deferrals: the months that are open to an enrollment, why others are not, and the move. */
import type { EnrollmentRow } from '../../database/enrollments';
import { latestProgram, programAtRevision, readClock, type PublishedProgram } from '../../database/programs';
import { calendarFor, deferralMonths, type DeferralMonth } from '../../program/calendar';
import { programTime } from '../../program/clock';
import { whyNotDeferred } from '../../program/deferralReasons';
import { mayDefer, mayMove, mayUndoDeferral } from '../../program/deferralRights';
import type { ProgramDefinition } from '../../program/definition';
import { isReasonCode, type ReasonCode } from '../../program/reasonCodes';
import { defer as deferMessage } from '../../workflows/messages';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { Problem } from '../problem';
import { readEnrollment } from './readEnrollment';
import { sendMessage } from './send';

type Open = Extract<DeferralMonth, { open: true }>['plan'];

export interface DeferralOffer {
  /** The enrollment's month as it is. */
  month: string;
  deferralsLeft: number;
  /** Whether the program lets whoever asks defer. */
  mayDefer: boolean;
  open: Open[];
  closed: { month: string; reasonCode: ReasonCode; reason: string }[];
}

export async function defer(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  body: { month: string },
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  const rules = await rulesOf(context, row);
  if (!mayMove(rules, principal.role, { from: row.state.period.month, to: body.month })) {
    throw new Problem('FORBIDDEN', `In this program ${rules.by.join(' or ') || 'nobody'} may defer.`);
  }
  const { surveyPartner } = principal;
  const clock = await readClock(context.database.pool, row.programId);
  const deferral = {
    month: body.month,
    askedAt: programTime(clock ?? [], Date.now()),
    ...(surveyPartner !== undefined && { surveyPartner }),
  };
  try {
    return await sendMessage(context, principal, row, deferMessage, deferral, message);
  } catch (error) {
    throw await withMonth(context, principal, row, body.month, error);
  }
}

/** What a deferral would be answered just now, month by month, if whoever asks sent it. */
export async function deferralOffer(
  context: ApiContext,
  { role }: Principal,
  row: EnrollmentRow,
): Promise<DeferralOffer> {
  const [latest, rules] = await Promise.all([
    latestProgram(context.database.pool, row.programId),
    rulesOf(context, row),
  ]);
  return offerOf(latest!, rules, role, row);
}

/** By the calendar of the program as it is now. */
export function offerOf(
  { definition, clock }: PublishedProgram,
  rules: ProgramDefinition['deferral'],
  role: Principal['role'],
  row: EnrollmentRow,
): DeferralOffer {
  const { state } = row;
  const { period, lookUp, deferredFrom, terms } = state;
  const deferralsLeft = Math.max(0, terms.maximumDeferrals - deferredFrom.length);
  const months = deferralMonths(calendarFor(definition, state.enrolledOn), {
    currentMonth: period.month,
    at: programTime(clock, Date.now()),
    accountTimeZone: lookUp.state === 'located' ? lookUp.account.timeZone : null,
    deferralsLeft,
    calculationBegun: state.stage !== 'collecting',
    ...(mayUndoDeferral(role) && { mayGoBackTo: deferredFrom }),
  });
  const others = months.filter(({ month }) => month !== period.month);
  return {
    month: period.month,
    deferralsLeft,
    mayDefer: mayDefer(rules, role),
    open: others.flatMap((month) => (month.open ? [month.plan] : [])),
    closed: others.flatMap((each) => {
      if (each.open) return [];
      const { month, reasonCode } = each;
      return [{ month, reasonCode, reason: reasonOf(row, month, reasonCode) }];
    }),
  };
}

/** Of the revision that the enrollment was made under. */
async function rulesOf(
  { database: { pool } }: ApiContext,
  { programId, state }: EnrollmentRow,
): Promise<ProgramDefinition['deferral']> {
  const program = await programAtRevision(pool, programId, state.programRevision);
  return program!.definition.deferral;
}

/** The refusal of a deferral, with the month in its sentence. */
async function withMonth(
  context: ApiContext,
  principal: Principal,
  { enrollmentId }: EnrollmentRow,
  month: string,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof Problem) || !isReasonCode(error.code)) return error;
  // As it is now: another deferral may have come in between.
  const row = await readEnrollment(context, principal, enrollmentId);
  return new Problem(error.code, reasonOf(row, month, error.code), error.extra);
}

function reasonOf({ state }: EnrollmentRow, month: string, reasonCode: ReasonCode): string {
  const { maximumDeferrals } = state.terms;
  return whyNotDeferred(reasonCode, { month, currentMonth: state.period.month, maximumDeferrals });
}
