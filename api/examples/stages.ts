/** One enrollment at the stages that the examples show it in: the facts from which the answers are made. */
import { calendarFor, firstPlan, planFor } from '../../program/calendar';
import { programTime } from '../../program/clock';
import { computeCredit, type CreditInput } from '../../program/credit';
import { sealStatement, STATEMENT_FORMAT } from '../../program/creditStatement';
import {
  openedState,
  type EnrollmentState,
  type PartnerCriterion,
  type PartnerStatement,
} from '../../program/enrollmentState';
import { documentHash } from '../../program/revision';
import { termsOf } from '../operations/createEnrollment';
import { IDS, MESSAGE_ID } from './ids';
import { ADMIN, APPROVER, CALLER, PARTNER } from './principals';
import { PROGRAM } from './programs';

const { definition, revision, clock } = PROGRAM;
const { enrollmentId, programId } = IDS;
const actor = ({ role, id }: typeof CALLER) => ({ role, id });
const at = programTime(clock, 0);

export const FORM = {
  brand: { name: 'Southwind', storeUrl: 'https://shop.southwind.example' },
  contact: { name: 'Sol South', email: 'sol@southwind.example' },
  surveyPartner: 'kno',
  storePlatform: 'woocommerce',
  advertiserId: '7012345678901234567',
  dataSharing: { authorized: true, textVersion: definition.dataSharing.textVersion },
  externalId: 'form-4711',
};
export const OTHER_ADVERTISER_ID = '7012345678901234568';
const { advertiserId, surveyPartner, storePlatform } = FORM;
const account = { country: 'US', currency: 'USD', timeZone: 'America/New_York', status: 'active' } as const;

const first = firstPlan(definition, at, null);
if (!first.ok) throw new Error('The program of the examples takes nobody on the first day of its clock.');
const { enrolledOn } = first;

/** Once the ad account is known it is calculated by its clocks. */
function periodOf(month: string): EnrollmentState['period'] {
  const plan = planFor(calendarFor(definition, enrolledOn), month, account.timeZone)!;
  return { ...plan, calendarRevision: revision };
}

export const OPENED = openedState({
  enrollmentId,
  programId,
  programRevision: revision,
  terms: termsOf(definition),
  submission: {
    id: 'sub_80e1c804904a428289d2',
    advertiserId,
    surveyPartner,
    storePlatform,
    dataSharingAuthorized: true,
    contactId: 'sub_80e1c804904a428289d2',
    partnerKeyId: null,
  },
  enrolledOn,
  period: { ...first.plan, calendarRevision: revision },
  makers: [CALLER.id],
});

export const RESUBMITTED: EnrollmentState = {
  ...OPENED,
  submission: {
    ...OPENED.submission,
    id: 'sub_da9190f67d784066b256',
    advertiserId: OTHER_ADVERTISER_ID,
  },
};

export const LOCATED: EnrollmentState = {
  ...OPENED,
  period: periodOf(first.plan.month),
  lookUp: {
    state: 'located',
    account,
    region: 'US',
    minimumSpend: { amountMinor: 100_000, currency: account.currency },
    at,
  },
};

const word = (outcome: PartnerStatement['outcome']): PartnerStatement => ({
  outcome,
  reasonCode: outcome === 'rejected' ? 'TEMPLATE_NOT_FOUND' : null,
  submissionId: OPENED.submission.id,
  advertiserId,
  by: actor(PARTNER),
  at,
});
const CONFIRMATIONS: Record<PartnerCriterion, PartnerStatement> = {
  subscription: word('confirmed'),
  survey_template: word('confirmed'),
  data_sharing: word('confirmed'),
};

export const CONFIRMED: EnrollmentState = { ...LOCATED, partnerStatements: CONFIRMATIONS };
export const REJECTED: EnrollmentState = {
  ...LOCATED,
  partnerStatements: { survey_template: word('rejected') },
};
export const WAIVED: EnrollmentState = {
  ...REJECTED,
  waivers: {
    survey_template: { decisionId: 'dec_9cfecf29-3fef-4436-90eb-b1b99c72291d', by: actor(ADMIN), at },
  },
};
export const DEFERRED: EnrollmentState = {
  ...CONFIRMED,
  period: periodOf('2023-12'),
  deferredFrom: [first.plan.month],
};
export const ANSWERED: EnrollmentState = {
  ...CONFIRMED,
  questionnaire: { answersId: 'ans_b54dd128-418e-4ac7-9aa9-b5e27bec2c4e', by: actor(CALLER), at },
};
export const HELD: EnrollmentState = {
  ...ANSWERED,
  onHold: { id: MESSAGE_ID, since: at, reasonCode: 'POSSIBLE_DUPLICATE' },
};
export const WITHDRAWN: EnrollmentState = {
  ...CONFIRMED,
  stage: 'closed',
  ending: { status: 'withdrawn', reasonCodes: ['WITHDRAWN'], at },
};

const { period } = ANSWERED;
const spend = '6240.00';
const input: CreditInput = {
  programRevision: revision,
  country: account.country,
  currency: account.currency,
  spend: {
    from: period.periodFrom,
    to: period.periodTo,
    rows: ['2023-11-09', '2023-11-10'].map((date) => ({
      date,
      currency: account.currency,
      amounts: { spend, billed_cost: spend, cash_spend: spend },
    })),
  },
  lookBack: null,
  facts: { surveyPartner, storePlatform },
};
export const STATEMENT = sealStatement({
  format: STATEMENT_FORMAT,
  statementId: 'st_41c1cbf0-3547-4344-b960-47f044bd95a7',
  enrollmentId,
  programId,
  revisionHash: documentHash(definition),
  calculationMonth: period.month,
  enrolledOn,
  spendAsOf: new Date(period.calculationAt).toISOString(),
  account: { advertiserId, ...account },
  input,
  result: computeCredit(definition, input),
});

const { statementId, result } = STATEMENT;
if (result.outcome === 'none') throw new Error('The program of the examples pays nothing for their spend.');
const { amountMinor, currency, spendMinor, region } = result;
const credit = { amountMinor, currency, spendMinor, region, statementId };

/** The contact was another one when the survey partner confirmed. */
export const APPROVED: EnrollmentState = {
  ...ANSWERED,
  stage: 'scheduled',
  credit,
  approval: {
    statementId,
    causes: ['changed_after_confirmation'],
    since: period.calculationAt,
    decided: {
      outcome: 'approve',
      decisionId: 'dec_3b0c7f0e-5a53-4c1e-9e0b-6f5f2a3f8f11',
      by: actor(APPROVER),
      reasonCode: null,
    },
  },
};
export const PAID: EnrollmentState = {
  ...ANSWERED,
  stage: 'closed',
  credit,
  payout: {
    key: `${enrollmentId}:credit:1`,
    state: 'paid',
    railPaymentId: 'sbx_4474449107',
    amountMinor,
    currency,
    statementId,
  },
  ending: { status: 'paid', reasonCodes: [], at: period.payoutAt },
};
