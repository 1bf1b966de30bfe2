/**
 * The criteria of the program page as data: where each stands, on what evidence, and what somebody still has to do for
 * it. Pure functions of the facts; status, `waitingFor` and the sentences for people all follow from here.
 */
import type { Actor, EnrollmentState, PartnerCriterion, PartnerStatement } from './enrollmentState';
import type { ReasonCode } from './reasonCodes';

export type CriterionId =
  | PartnerCriterion
  | 'questionnaire'
  | 'advertiser_located'
  | 'ad_account_active'
  | 'region_eligible'
  | 'active_advertising';

/** `verified`: a machine checked it; `attested`: a named party said so. */
export type CriterionStatus = 'pending' | 'verified' | 'attested' | 'failed' | 'waived';

export interface Evidence {
  source: 'survey_partner' | 'api_key' | 'form' | 'answers' | 'ad_platform' | 'spend_report' | 'decision';
  /** Who said so; null for a check by machine. */
  by: Actor | null;
  /** Epoch ms on the program's clock. */
  at: number | null;
  /** Ids, codes, dates, amounts in minor units. */
  details: Record<string, string | number | null>;
}

/** What somebody has to do before a criterion is met. */
export interface Need {
  who: 'advertiser' | 'partner' | 'service';
  what:
    | 'partner_confirmation'
    | 'partner_key_check'
    | 'valid_api_key'
    | 'survey_template'
    | 'partner_objection'
    | 'data_sharing_authorization'
    | 'questionnaire'
    | 'advertiser_look_up'
    | 'advertiser_id_correction'
    | 'other_ad_account';
  /** Why the enrollment is closed if this is still so on the calculation date. */
  reasonCode: ReasonCode;
  /** Something is wrong that only the advertiser can mend; otherwise it is simply not done yet. */
  actionRequired: boolean;
}

export interface Criterion {
  id: CriterionId;
  status: CriterionStatus;
  /** Why it failed, or what is missing; null once it is met. */
  reasonCode: ReasonCode | null;
  evidence: Evidence | null;
  /** Empty once it is met, and where another criterion has to be met first. */
  needs: Need[];
}

type Finding = Omit<Criterion, 'id'>;

/** All criteria, in the order of the program page. */
export function criteriaOf(state: EnrollmentState): Criterion[] {
  const findings: Record<CriterionId, Finding> = {
    subscription: keyOrWord(state, 'subscription'),
    survey_template: keyOrWord(state, 'survey_template'),
    data_sharing: dataSharing(state),
    questionnaire: questionnaire(state),
    advertiser_located: advertiserLocated(state),
    ad_account_active: adAccountActive(state),
    region_eligible: regionEligible(state),
    active_advertising: activeAdvertising(state),
  };
  return (Object.entries(findings) as [CriterionId, Finding][]).map(([id, finding]) => ({
    id,
    ...(waiver(state, id) ?? finding),
  }));
}

/** What has to be done before the calculation, in the order of the program page, each once. */
export function openNeeds(state: EnrollmentState): Need[] {
  const needs = criteriaOf(state).flatMap((criterion) => criterion.needs);
  return needs.filter(
    (need, index) =>
      needs.findIndex(({ what, reasonCode }) => what === need.what && reasonCode === need.reasonCode) ===
      index,
  );
}

/** Whether the survey partner's word on criteria 1 to 3, or some of them, holds for the submission as it is now. */
export function confirmationStands(
  state: EnrollmentState,
  criteria: readonly PartnerCriterion[] = PARTNER_CRITERIA,
): boolean {
  return criteria.every((criterion) => statementOn(state, criterion)?.outcome === 'confirmed');
}

/** "Kno and Okendo customers confirm with the partner" (program page, 3); it names what it attests. */
export const PARTNER_CRITERIA = [
  'subscription',
  'survey_template',
  'data_sharing',
] as const satisfies readonly PartnerCriterion[];

function waiver({ waivers }: EnrollmentState, id: CriterionId): Finding | undefined {
  const waived = waivers[id];
  if (!waived) return undefined;
  const { by, at, decisionId } = waived;
  return met('waived', { source: 'decision', by, at, details: { decisionId } });
}

/** The later of the check with the submitted API key and the partner's word; a rejection stands whatever a key opens. */
function keyOrWord(state: EnrollmentState, criterion: PartnerCriterion): Finding {
  const word = statementOn(state, criterion);
  const key = keyCheckOf(state);
  const keyCounts = key && (!word || (word.outcome === 'confirmed' && key.at > word.at));
  const byKey = keyCounts ? keyFinding(key, criterion) : undefined;
  if (byKey) return byKey;
  if (!word) {
    // A submitted key is ours to try first.
    const isOurs = state.submission.partnerKeyId !== null && !key;
    return open(
      'pending',
      isOurs
        ? need('service', 'partner_key_check', 'SUBSCRIPTION_NOT_CONFIRMED')
        : need('partner', 'partner_confirmation', 'SUBSCRIPTION_NOT_CONFIRMED'),
    );
  }
  const evidence: Evidence = {
    source: 'survey_partner',
    by: word.by,
    at: word.at,
    details: { submissionId: word.submissionId, advertiserId: word.advertiserId },
  };
  if (word.outcome === 'confirmed') return met('attested', evidence);
  return open(
    'failed',
    need('advertiser', 'partner_objection', word.reasonCode ?? 'PARTNER_REJECTED'),
    evidence,
  );
}

/** A valid key proves subscription and access; it shows whether the template is there. */
function keyFinding(
  { outcome, template, at, partnerKeyId }: NonNullable<EnrollmentState['keyCheck']>,
  criterion: PartnerCriterion,
): Finding | undefined {
  const evidence: Evidence = { source: 'api_key', by: null, at, details: { partnerKeyId } };
  if (outcome === 'invalid')
    return open('failed', need('advertiser', 'valid_api_key', 'API_KEY_INVALID'), evidence);
  if (criterion !== 'survey_template' || template === 'found') return met('verified', evidence);
  return open('failed', need('advertiser', 'survey_template', 'TEMPLATE_NOT_FOUND'), evidence);
}

/** Both are needed: the advertiser's authorization, and the key or the partner's word that it was handed over. */
function dataSharing(state: EnrollmentState): Finding {
  const access = keyOrWord(state, 'data_sharing');
  if (state.submission.dataSharingAuthorized) return access;
  const authorization = need('advertiser', 'data_sharing_authorization', 'DATA_SHARING_NOT_AUTHORIZED');
  const evidence: Evidence = {
    source: 'form',
    by: null,
    at: null,
    details: { submissionId: state.submission.id },
  };
  const refused = open('failed', authorization, evidence);
  return { ...refused, needs: [...refused.needs, ...access.needs] };
}

function questionnaire({ questionnaire: completed }: EnrollmentState): Finding {
  if (!completed)
    return open('pending', {
      ...need('advertiser', 'questionnaire', 'QUESTIONNAIRE_OVERDUE'),
      actionRequired: false,
    });
  const { answersId, by, at } = completed;
  // Without answers that we could check, it is the word of an operator.
  return met(answersId === null ? 'attested' : 'verified', {
    source: 'answers',
    by,
    at,
    details: { answersId },
  });
}

function advertiserLocated({ lookUp, submission }: EnrollmentState): Finding {
  const { advertiserId } = submission;
  switch (lookUp.state) {
    case 'pending':
      return open('pending', need('service', 'advertiser_look_up', 'ADVERTISER_NOT_LOCATABLE'));
    case 'not_located':
      return open(
        'failed',
        need('advertiser', 'advertiser_id_correction', 'ADVERTISER_NOT_LOCATABLE'),
        platform(lookUp.at, { advertiserId }),
      );
    case 'located':
      return met('verified', platform(lookUp.at, { advertiserId }));
  }
}

function adAccountActive({ lookUp }: EnrollmentState): Finding {
  if (lookUp.state !== 'located') return NOT_LOOKED_UP;
  const { status } = lookUp.account;
  const evidence = platform(lookUp.at, { status });
  return status === 'active'
    ? met('verified', evidence)
    : open('failed', need('advertiser', 'other_ad_account', 'ADVERTISER_SUSPENDED'), evidence);
}

/** A region in whose table of amounts the account's currency is missing cannot be paid either. */
function regionEligible({ lookUp }: EnrollmentState): Finding {
  if (lookUp.state !== 'located') return NOT_LOOKED_UP;
  const { account, region, minimumSpend, at } = lookUp;
  const { country, currency } = account;
  const evidence = platform(at, { country, currency, region });
  if (region === null)
    return open('failed', need('advertiser', 'other_ad_account', 'REGION_NOT_ELIGIBLE'), evidence);
  return minimumSpend === null
    ? open('failed', need('advertiser', 'other_ad_account', 'CURRENCY_MISMATCH'), evidence)
    : met('verified', evidence);
}

/** Known only from the spend report of the calculation period. */
function activeAdvertising({ credit, ending, period }: EnrollmentState): Finding {
  const { month } = period;
  if (credit) {
    const { spendMinor, currency, statementId } = credit;
    const details = { month, spendMinor, currency, statementId };
    return met('verified', { source: 'spend_report', by: null, at: null, details });
  }
  const reasonCode = ending?.reasonCodes.find((code) => SPEND_REASONS.includes(code)) ?? null;
  if (reasonCode === null) return { status: 'pending', reasonCode, evidence: null, needs: [] };
  const evidence: Evidence = { source: 'spend_report', by: null, at: ending!.at, details: { month } };
  return { status: 'failed', reasonCode, evidence, needs: [] };
}

const SPEND_REASONS: readonly ReasonCode[] = [
  'NO_SPEND_IN_PERIOD',
  'BELOW_MINIMUM_SPEND',
  'SPENT_BEFORE_ENROLLMENT',
];

const NOT_LOOKED_UP: Finding = { status: 'pending', reasonCode: null, evidence: null, needs: [] };

function statementOn(
  { partnerStatements, submission }: EnrollmentState,
  criterion: PartnerCriterion,
): PartnerStatement | undefined {
  const statement = partnerStatements[criterion];
  const isCurrent =
    statement?.submissionId === submission.id && statement.advertiserId === submission.advertiserId;
  return isCurrent ? statement : undefined;
}

function keyCheckOf({ keyCheck, submission }: EnrollmentState) {
  return keyCheck && keyCheck.partnerKeyId === submission.partnerKeyId ? keyCheck : undefined;
}

function platform(at: number, details: Evidence['details']): Evidence {
  return { source: 'ad_platform', by: null, at, details };
}

function met(status: 'verified' | 'attested' | 'waived', evidence: Evidence): Finding {
  return { status, reasonCode: null, evidence, needs: [] };
}

function open(status: 'pending' | 'failed', missing: Need, evidence: Evidence | null = null): Finding {
  return { status, reasonCode: missing.reasonCode, evidence, needs: [missing] };
}

function need(who: Need['who'], what: Need['what'], reasonCode: ReasonCode): Need {
  return { who, what, reasonCode, actionRequired: who === 'advertiser' };
}
