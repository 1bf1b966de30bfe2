/**
 * The one place where an enrollment is put into words: who must do what by when, and what happens otherwise. API,
 * command line, mail, pages and Temporal UI all show these sentences.
 */
import type { EnrollmentState, MissingPolicy } from './enrollmentState';
import { formatMoney } from './money';
import { REASONS } from './reasonCodes';
import { statusOf, waitingFor, type Awaited, type EnrollmentStatus } from './status';

export interface Explanation {
  /** One or two sentences. */
  text: string;
  /** The same with its details, for Temporal UI. */
  markdown: string;
}

const AWAITED: Record<Awaited, string> = {
  advertiser_id_correction: 'the advertiser must correct the advertiser ID (it could not be located)',
  other_ad_account:
    'the advertiser must name an active ad account in a region of the program, in a currency that the program pays there',
  valid_api_key: 'the advertiser must submit a valid API key of its survey partner',
  survey_template: 'the advertiser must publish the approved survey template with its attribution questions',
  partner_objection: 'the advertiser must settle with its survey partner what the partner rejected',
  data_sharing_authorization: 'the advertiser must authorize data sharing (submit the form again)',
  questionnaire: 'the advertiser must complete the questionnaire',
  partner_confirmation: 'the survey partner must confirm subscription, survey template and data sharing',
  partner_key_check: 'we try the submitted API key at the survey partner',
  advertiser_look_up: 'we look up the advertiser ID',
  calculation_date: 'everything is in; spend counts until the end of the calculation period',
  release: 'an admin must release it; until then facts are taken, but no step',
  approval: 'an approver must decide on the credit',
  calculation: 'we read the spend and compute the credit',
  payout_date: 'the credit is computed and waits for its payout date',
  payout: 'we pay the credit',
  payout_outcome:
    'the answer to the payout was lost; we look it up at the payout rail, and never pay again blindly',
  refused_payout: 'the payout rail refused the payout; a member of staff must look at it',
};

export function explain(state: EnrollmentState): Explanation {
  const text = sentence(state);
  const lines = [
    `**${statusLabel(statusOf(state))}**${state.onHold ? ' (on hold)' : ''}`,
    '',
    text,
    '',
    `- Calculation period: ${state.period.periodFrom} to ${state.period.periodTo} (${state.period.month})`,
    `- Calculation: ${instant(state.period.calculationAt)}; payout: ${day(state.period.payoutDate)}`,
    `- Deferrals: ${state.deferredFrom.length} of ${state.terms.maximumDeferrals}; advertiser ID: ${state.submission.advertiserId}`,
    `- Enrollment: ${state.enrollmentId}; survey partner: ${state.submission.surveyPartner}`,
  ];
  if (state.credit)
    lines.push(`- Credit: ${formatMoney(state.credit)} (statement ${state.credit.statementId})`);
  if (state.payout) lines.push(`- Payout: ${state.payout.key} ${state.payout.state}`);
  if (state.lastRefusal) {
    const { message, reason, at } = state.lastRefusal;
    lines.push(`- Last message refused: ${message} at ${instant(at)}: ${reason}`);
  }
  return { text, markdown: lines.join('\n') };
}

/** The status as people read it. */
export function statusLabel(status: EnrollmentStatus): string {
  const words = status.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function sentence(state: EnrollmentState): string {
  if (state.ending) return ended(state, state.ending);
  if (state.onHold)
    return `On hold: ${REASONS[state.onHold.reasonCode]} ${capital(AWAITED.release)}. ${step(state)}`;
  return step(state);
}

/** Who must do what by when for the next step, and what happens otherwise. */
function step(state: EnrollmentState): string {
  const waits = waitingFor(state).filter(({ what }) => what !== 'release');
  const what = waits.map((waiting) => AWAITED[waiting.what]).join('; ');
  const date = instant(state.period.calculationAt);
  if (state.stage === 'collecting') {
    const everythingIsIn = waits.every((waiting) => waiting.what === 'calculation_date');
    if (everythingIsIn && state.onHold && state.onHold.since >= state.period.calculationAt)
      return 'Everything is in; the credit is calculated once it is released.';
    return everythingIsIn
      ? `${capital(what)}.${minimumSpend(state)} The credit is calculated on ${date} and paid on ${day(state.period.payoutDate)}.`
      : `Until ${date}: ${what}. What is still missing then: the enrollment ${consequence(state, state.terms.missedFacts)}.`;
  }
  return `${capital(what)}${next(state)}`;
}

/** The end of the sentence once the calculation has begun, with what comes then. */
function next(state: EnrollmentState): string {
  const { stage, credit, period, payout, terms } = state;
  const payday = day(period.payoutDate);
  switch (stage) {
    case 'calculating':
      return `. It is paid on ${payday}; without enough spend the enrollment ${consequence(state, terms.noSpend)}.`;
    case 'approving':
      return ` of ${formatMoney(credit!)}${causes(state)}. Approved, it is paid on ${payday}, or by the rule for late payouts after that; rejected, the enrollment is closed; sent back, it is held and calculated again.`;
    case 'scheduled':
      return `: ${payday}. Until it is submitted to the payout rail, it can be held and withdrawn.`;
    case 'paying':
      return payout?.state === 'refused'
        ? '. Nothing is paid until then.'
        : '. Once it is paid, the enrollment is closed.';
    default:
      return '.';
  }
}

/** Why a second person is needed. */
function causes({ approval }: EnrollmentState): string {
  const words = {
    above_threshold: 'it is above the threshold',
    changed_after_confirmation: 'ad account or contact changed after the confirmation',
  };
  const given = (approval?.causes ?? []).map((cause) => words[cause]);
  return given.length > 0 ? `, because ${given.join(' and ')}` : '';
}

/** "Actively advertises during the calculation period." */
function minimumSpend(state: EnrollmentState): string {
  const { lookUp, terms } = state;
  if (lookUp.state !== 'located' || !lookUp.minimumSpend) return '';
  return ` With less than ${formatMoney(lookUp.minimumSpend)} the enrollment ${consequence(state, terms.noSpend)}.`;
}

function consequence({ rollOns }: EnrollmentState, policy: MissingPolicy): string {
  return policy.then === 'roll_on' && rollOns < policy.atMost
    ? 'rolls on to the next period'
    : 'is closed as ineligible';
}

function ended(state: EnrollmentState, ending: NonNullable<EnrollmentState['ending']>): string {
  if (ending.status === 'paid' && state.credit)
    return `The credit of ${formatMoney(state.credit)} has been paid.`;
  return [
    `The enrollment is closed: ${ending.status}.`,
    // The status says it.
    ...ending.reasonCodes.filter((code) => code !== 'WITHDRAWN').map((code) => REASONS[code]),
  ].join(' ');
}

/** An instant is the same everywhere only with its zone: `3 Dec 2023, 05:00 UTC`. */
function instant(at: number): string {
  const iso = new Date(at).toISOString();
  return `${day(iso.slice(0, 10))}, ${iso.slice(11, 16)} UTC`;
}

/** `15 Dec 2023` for `2023-12-15`; not by Intl, whose words depend on the machine. */
function day(date: string): string {
  const [year, month, dayOfMonth] = date.split('-').map(Number) as [number, number, number];
  return `${dayOfMonth} ${MONTHS[month - 1]} ${year}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
