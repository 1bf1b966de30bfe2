import fc from 'fast-check';
import {
  confirmationStands,
  criteriaOf,
  openNeeds,
  PARTNER_CRITERIA,
  type Criterion,
  type CriterionId,
} from '../program/criteria';
import {
  openedState,
  type Actor,
  type Ending,
  type EnrollmentState,
  type LookUpFacts,
  type PartnerStatement,
} from '../program/enrollmentState';
import { explain } from '../program/explain';
import type { PayoutState } from '../program/payout';
import { reasonCodesOf, statusesThatWaitFor, statusOf, waitingFor } from '../program/status';

const KNO: Actor = { role: 'partner', id: 'kno' };
const ANA: Actor = { role: 'admin', id: 'ana' };
const CALLER: Actor = { role: 'caller', id: 'shop-app' };
const ACCOUNT = {
  advertiserId: '7012345678901234567',
  country: 'US',
  currency: 'USD',
  timeZone: 'America/New_York',
  status: 'active',
} as const;
const LOCATED: LookUpFacts = {
  state: 'located',
  account: ACCOUNT,
  region: 'US',
  minimumSpend: { amountMinor: 100_000, currency: 'USD' },
  at: 20,
};

const SUBMISSION = {
  id: 'sub_1',
  advertiserId: ACCOUNT.advertiserId,
  surveyPartner: 'kno',
  storePlatform: 'woocommerce',
  dataSharingAuthorized: true,
  contactId: 'sub_1',
  partnerKeyId: null,
};

/** An enrollment in November with nothing but its form. */
function enrollment(changes: Partial<EnrollmentState> = {}): EnrollmentState {
  const opened = openedState({
    enrollmentId: 'enr_1',
    programId: 'pps-demo',
    programRevision: 1,
    terms: {
      missedFacts: { then: 'roll_on', atMost: 1 },
      noSpend: { then: 'close' },
      maximumDeferrals: 3,
      payoutSpreadMinutes: 0,
      reminders: { advertiserDays: [3, 7], partnerDays: [3], approverDays: [1] },
    },
    submission: SUBMISSION,
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
  });
  return { ...opened, ...changes };
}

function word(changes: Partial<PartnerStatement> = {}): PartnerStatement {
  return {
    outcome: 'confirmed',
    reasonCode: null,
    submissionId: 'sub_1',
    advertiserId: ACCOUNT.advertiserId,
    by: KNO,
    at: 10,
    ...changes,
  };
}
const said = (statement: PartnerStatement) => ({
  partnerStatements: Object.fromEntries(PARTNER_CRITERIA.map((criterion) => [criterion, statement])),
});
const key = (changes: Partial<NonNullable<EnrollmentState['keyCheck']>> = {}) => ({
  submission: { ...SUBMISSION, partnerKeyId: 'key_1' },
  keyCheck: { partnerKeyId: 'key_1', outcome: 'valid', template: 'found', at: 30, ...changes } as const,
});
const COMPLETED = { questionnaire: { answersId: 'ans_1', by: CALLER, at: 40 } };
const EVERYTHING = { ...said(word()), lookUp: LOCATED, ...COMPLETED };
const CREDIT = {
  amountMinor: 450_000,
  currency: 'USD',
  spendMinor: 1_248_000,
  region: 'US',
  statementId: 'st_1',
};

function criterion(state: EnrollmentState, id: CriterionId): Criterion {
  return criteriaOf(state).find((candidate) => candidate.id === id)!;
}
const whats = (state: EnrollmentState) => openNeeds(state).map(({ who, what }) => `${who}: ${what}`);

test('When a brand has just enrolled, then every criterion is there, in the order of the page, and pending', () => {
  expect(criteriaOf(enrollment()).map(({ id, status }) => [id, status])).toEqual([
    ['subscription', 'pending'],
    ['survey_template', 'pending'],
    ['data_sharing', 'pending'],
    ['questionnaire', 'pending'],
    ['advertiser_located', 'pending'],
    ['ad_account_active', 'pending'],
    ['region_eligible', 'pending'],
    ['active_advertising', 'pending'],
  ]);
  expect(whats(enrollment())).toEqual([
    'partner: partner_confirmation',
    'advertiser: questionnaire',
    'service: advertiser_look_up',
  ]);
});

test('When everything is in, then only the spend is open, and machine and word are told apart', () => {
  const state = enrollment(EVERYTHING);
  expect(criteriaOf(state).map(({ status }) => status)).toEqual([
    'attested',
    'attested',
    'attested',
    'verified',
    'verified',
    'verified',
    'verified',
    'pending',
  ]);
  expect(openNeeds(state)).toEqual([]);
  expect(statusOf(state)).toBe('measuring');
  expect(criterion(state, 'subscription').evidence).toEqual({
    source: 'survey_partner',
    by: KNO,
    at: 10,
    details: { submissionId: 'sub_1', advertiserId: ACCOUNT.advertiserId },
  });
  expect(criterion(state, 'region_eligible').evidence).toEqual({
    source: 'ad_platform',
    by: null,
    at: 20,
    details: { country: 'US', currency: 'USD', region: 'US' },
  });
});

describe('subscription, template and data sharing', () => {
  test('When the submitted key is valid, then all three are verified by machine', () => {
    const state = enrollment(key());
    for (const id of PARTNER_CRITERIA) {
      expect(criterion(state, id)).toMatchObject({
        status: 'verified',
        reasonCode: null,
        evidence: { source: 'api_key', by: null, at: 30, details: { partnerKeyId: 'key_1' } },
      });
    }
  });

  test('When the key is valid and no template is published, then the advertiser must publish it', () => {
    const state = enrollment(key({ template: 'not_found' }));
    expect(criterion(state, 'subscription').status).toBe('verified');
    expect(criterion(state, 'survey_template')).toMatchObject({
      status: 'failed',
      reasonCode: 'TEMPLATE_NOT_FOUND',
    });
    expect(whats(state)).toContain('advertiser: survey_template');
    expect(statusOf(state)).toBe('action_required');
  });

  test('When the key is invalid, then the advertiser is asked for another one, once', () => {
    const state = enrollment(key({ outcome: 'invalid' }));
    for (const id of PARTNER_CRITERIA)
      expect(criterion(state, id)).toMatchObject({ status: 'failed', reasonCode: 'API_KEY_INVALID' });
    expect(whats(state).filter((what) => what === 'advertiser: valid_api_key')).toHaveLength(1);
  });

  test.each([
    ['key, then word', { ...key({ outcome: 'invalid', at: 5 }), ...said(word({ at: 10 })) }, 'attested'],
    ['word, then key', { ...key({ at: 30 }), ...said(word({ at: 10 })) }, 'verified'],
    [
      'a rejection, then key',
      { ...key({ at: 30 }), ...said(word({ outcome: 'rejected', at: 10 })) },
      'failed',
    ],
    ['word, then bad key', { ...key({ outcome: 'invalid', at: 30 }), ...said(word({ at: 10 })) }, 'failed'],
  ])('When both were there (%s), then the later counts, but a rejection stands', (_, facts, status) => {
    expect(criterion(enrollment(facts), 'subscription').status).toBe(status);
  });

  test('When the partner rejects, then the advertiser is told whose objection it is, and a later word mends it', () => {
    const rejected = word({ outcome: 'rejected', reasonCode: 'SUBSCRIPTION_NOT_CONFIRMED' });
    const state = enrollment({ ...EVERYTHING, ...said(rejected) });
    expect(criterion(state, 'subscription')).toMatchObject({
      status: 'failed',
      reasonCode: 'SUBSCRIPTION_NOT_CONFIRMED',
      evidence: { by: KNO },
    });
    expect(whats(state)).toEqual(['advertiser: partner_objection']);
    expect(confirmationStands(state)).toBe(false);
    expect(confirmationStands(enrollment(EVERYTHING))).toBe(true);
    const withoutCode = word({ outcome: 'rejected' });
    expect(criterion(enrollment(said(withoutCode)), 'subscription').reasonCode).toBe('PARTNER_REJECTED');
  });

  test.each([
    ['submission', word({ submissionId: 'sub_0' })],
    ['ad account', word({ advertiserId: '7000000000000000000' })],
  ])('When the word names another %s, then it is open again', (_, statement) => {
    const state = enrollment(said(statement));
    expect(criterion(state, 'subscription')).toMatchObject({ status: 'pending', evidence: null });
    expect(confirmationStands(state)).toBe(false);
  });

  test('When the key was replaced by another one, then its check says nothing and the new one is ours to try', () => {
    const state = enrollment(key({ partnerKeyId: 'key_0' }));
    expect(criterion(state, 'subscription').status).toBe('pending');
    expect(whats(state)).toContain('service: partner_key_check');
  });
});

describe('data sharing needs both', () => {
  const unauthorized = { submission: { ...enrollment().submission, dataSharingAuthorized: false } };

  test.each([
    [true, true, 'attested', []],
    [true, false, 'pending', ['partner: partner_confirmation']],
    [false, true, 'failed', ['advertiser: data_sharing_authorization']],
    [false, false, 'failed', ['partner: partner_confirmation', 'advertiser: data_sharing_authorization']],
  ])('When authorized is %s and confirmed is %s, then it is %s', (authorized, confirmed, status, needs) => {
    const state = enrollment({
      ...EVERYTHING,
      ...(authorized ? {} : unauthorized),
      ...(confirmed ? {} : { partnerStatements: {} }),
    });
    expect(criterion(state, 'data_sharing').status).toBe(status);
    expect(whats(state)).toEqual(needs);
  });

  test('When the rest of the word is waived, then both halves of data sharing are still asked for', () => {
    const waived = { decisionId: 'dec_1', by: ANA, at: 50 };
    const state = enrollment({
      ...unauthorized,
      lookUp: LOCATED,
      ...COMPLETED,
      waivers: { subscription: waived, survey_template: waived },
    });
    expect(whats(state)).toEqual(['advertiser: data_sharing_authorization', 'partner: partner_confirmation']);
  });
});

test('When an operator vouches for the questionnaire, then it is attested, not verified', () => {
  const by: Actor = { role: 'operator', id: 'Temporal UI' };
  const state = enrollment({ questionnaire: { answersId: null, by, at: 40 } });
  expect(criterion(state, 'questionnaire')).toMatchObject({ status: 'attested', evidence: { by, at: 40 } });
});

describe('the ad account', () => {
  const located = (changes: Partial<Extract<LookUpFacts, { state: 'located' }>>) =>
    enrollment({ ...EVERYTHING, lookUp: { ...LOCATED, ...changes } as LookUpFacts });

  test('When it is not found, then only that is open: the rest cannot be known', () => {
    const state = enrollment({ ...EVERYTHING, lookUp: { state: 'not_located', at: 20 } });
    expect(
      ['advertiser_located', 'ad_account_active', 'region_eligible'].map(
        (id) => criterion(state, id as CriterionId).status,
      ),
    ).toEqual(['failed', 'pending', 'pending']);
    expect(whats(state)).toEqual(['advertiser: advertiser_id_correction']);
  });

  test.each([
    ['suspended', ['ADVERTISER_SUSPENDED'], { account: { ...ACCOUNT, status: 'suspended' as const } }],
    ['not active', ['ADVERTISER_SUSPENDED'], { account: { ...ACCOUNT, status: 'other' as const } }],
    ['in no region', ['REGION_NOT_ELIGIBLE'], { region: null, minimumSpend: null }],
    ['in a currency without amounts', ['CURRENCY_MISMATCH'], { minimumSpend: null }],
    [
      'suspended and in no region',
      ['ADVERTISER_SUSPENDED', 'REGION_NOT_ELIGIBLE'],
      { account: { ...ACCOUNT, status: 'suspended' as const }, region: null, minimumSpend: null },
    ],
  ])('When it is %s, then the codes are %j and another account is asked for once', (_, codes, changes) => {
    const state = located(changes);
    expect(openNeeds(state).map(({ reasonCode }) => reasonCode)).toEqual(codes);
    expect(waitingFor(state).map(({ what }) => what)).toEqual(['other_ad_account']);
    expect(statusOf(state)).toBe('action_required');
  });
});

describe('active advertising', () => {
  test('When the spend was read, then it is verified with spend and statement', () => {
    const state = enrollment({ ...EVERYTHING, stage: 'scheduled', credit: CREDIT });
    expect(criterion(state, 'active_advertising')).toMatchObject({
      status: 'verified',
      evidence: {
        source: 'spend_report',
        details: { month: '2023-11', spendMinor: 1_248_000, statementId: 'st_1' },
      },
    });
  });

  test.each(['NO_SPEND_IN_PERIOD', 'BELOW_MINIMUM_SPEND', 'SPENT_BEFORE_ENROLLMENT'] as const)(
    'When the enrollment ended for %s, then the criterion failed for it',
    (reasonCode) => {
      const ending = { status: 'ineligible', reasonCodes: [reasonCode], at: 99 } as const;
      const state = enrollment({
        ...EVERYTHING,
        stage: 'closed',
        ending: { ...ending, reasonCodes: [reasonCode] },
      });
      expect(criterion(state, 'active_advertising')).toMatchObject({ status: 'failed', reasonCode });
    },
  );
});

test('When a criterion is waived, then it is met whatever the facts, on the decision', () => {
  const waiver = { decisionId: 'dec_7', by: ANA, at: 50 };
  const state = enrollment({ ...EVERYTHING, questionnaire: null, waivers: { questionnaire: waiver } });
  expect(criterion(state, 'questionnaire')).toEqual({
    id: 'questionnaire',
    status: 'waived',
    reasonCode: null,
    evidence: { source: 'decision', by: ANA, at: 50, details: { decisionId: 'dec_7' } },
    needs: [],
  });
  expect(statusOf(state)).toBe('measuring');
});

describe('in words', () => {
  test('When facts are missing, then it says who must do what by when, and what happens otherwise', () => {
    expect(explain(enrollment()).text).toBe(
      'Until 3 Dec 2023, 05:00 UTC: the survey partner must confirm subscription, survey template and data sharing; the advertiser must complete the questionnaire; we look up the advertiser ID. What is still missing then: the enrollment rolls on to the next period.',
    );
  });

  test('When everything is in, then it says how much must be spent, and what happens with less', () => {
    expect(explain(enrollment(EVERYTHING)).text).toBe(
      'Everything is in; spend counts until the end of the calculation period. With less than 1,000.00 USD the enrollment is closed as ineligible. The credit is calculated on 3 Dec 2023, 05:00 UTC and paid on 15 Dec 2023.',
    );
  });

  test.each<[string, Partial<EnrollmentState>, string]>([
    [
      'is calculated',
      { stage: 'calculating' },
      'We read the spend and compute the credit. It is paid on 15 Dec 2023; without enough spend the enrollment is closed as ineligible.',
    ],
    [
      'waits for its payout date',
      { stage: 'scheduled' },
      'The credit is computed and waits for its payout date: 15 Dec 2023. Until it is submitted to the payout rail, it can be held and withdrawn.',
    ],
    ['is paid', paying('frozen'), 'We pay the credit. Once it is paid, the enrollment is closed.'],
    [
      'has lost the answer of the rail',
      paying('unknown'),
      'The answer to the payout was lost; we look it up at the payout rail, and never pay again blindly. Once it is paid, the enrollment is closed.',
    ],
    [
      'was refused by the rail',
      paying('refused'),
      'The payout rail refused the payout; a member of staff must look at it. Nothing is paid until then.',
    ],
  ])('When an enrollment %s, then it says what comes next', (_what, facts, text) => {
    expect(explain(enrollment({ ...EVERYTHING, ...facts })).text).toBe(text);
  });

  test('When somebody has to act, then every need has a sentence of its own', () => {
    const needs = [
      key({ outcome: 'invalid' }),
      key({ template: 'not_found' }),
      said(word({ outcome: 'rejected' })),
    ];
    const texts = needs.map((facts) => explain(enrollment({ ...facts, lookUp: LOCATED, ...COMPLETED })).text);
    expect(texts[0]).toContain('the advertiser must submit a valid API key of its survey partner');
    expect(texts[1]).toContain('the advertiser must publish the approved survey template');
    expect(texts[2]).toContain(
      'the advertiser must settle with its survey partner what the partner rejected',
    );
  });
});

/** The payout is under way. */
function paying(state: PayoutState): Partial<EnrollmentState> {
  const money = { amountMinor: 1, currency: 'USD' };
  return {
    stage: 'paying',
    payout: { key: 'k', state, railPaymentId: null, statementId: 'st_1', ...money },
  };
}

/** Any facts at all: what is said of them never contradicts itself. */
const anyState = fc
  .record({
    authorized: fc.boolean(),
    word: fc.option(
      fc.record({
        outcome: fc.constantFrom('confirmed', 'rejected'),
        submissionId: fc.constantFrom('sub_0', 'sub_1'),
        at: fc.nat(99),
      }),
    ),
    criteria: fc.subarray([...PARTNER_CRITERIA]),
    key: fc.option(
      fc.record({
        partnerKeyId: fc.constantFrom('key_0', 'key_1'),
        outcome: fc.constantFrom('valid', 'invalid'),
        template: fc.constantFrom('found', 'not_found'),
        at: fc.nat(99),
      }),
    ),
    lookUp: fc.constantFrom<LookUpFacts>(
      { state: 'pending' },
      { state: 'not_located', at: 20 },
      LOCATED,
      { ...LOCATED, region: null, minimumSpend: null },
      { ...LOCATED, account: { ...ACCOUNT, status: 'suspended' } },
    ),
    completed: fc.boolean(),
    waived: fc.subarray<CriterionId>(['subscription', 'survey_template', 'data_sharing', 'questionnaire']),
  })
  .map((facts) => {
    const statement = facts.word && word(facts.word);
    return enrollment({
      submission: {
        ...SUBMISSION,
        dataSharingAuthorized: facts.authorized,
        partnerKeyId: facts.key ? 'key_1' : null,
      },
      partnerStatements: statement ? Object.fromEntries(facts.criteria.map((id) => [id, statement])) : {},
      keyCheck: facts.key as EnrollmentState['keyCheck'],
      lookUp: facts.lookUp,
      ...(facts.completed ? COMPLETED : {}),
      waivers: Object.fromEntries(facts.waived.map((id) => [id, { decisionId: 'dec_1', by: ANA, at: 50 }])),
    });
  });

test('When any facts are in, then a met criterion needs nothing, an open one has its reason, and status and waits agree', () => {
  fc.assert(
    fc.property(anyState, (state) => {
      for (const { id, status, reasonCode, evidence, needs } of criteriaOf(state)) {
        const isMet = ['verified', 'attested', 'waived'].includes(status);
        if (isMet) expect([id, reasonCode, needs]).toEqual([id, null, []]);
        if (isMet || status === 'failed') expect([id, evidence]).toEqual([id, expect.anything()]);
        if (status === 'failed') expect([id, reasonCode]).toEqual([id, expect.any(String)]);
      }
      const needs = openNeeds(state);
      const waits = waitingFor(state);
      expect(new Set(waits.map(({ what }) => what)).size).toBe(waits.length);
      expect(statusOf(state)).toBe(
        needs.some(({ actionRequired }) => actionRequired)
          ? 'action_required'
          : needs.length > 0
            ? 'verifying'
            : 'measuring',
      );
      expect(needs.length === 0).toBe(waits[0]?.what === 'calculation_date');
      expectListed(state);
      expect(explain(state).text.length).toBeGreaterThan(20);
    }),
    { numRuns: 2_000 },
  );
});

/** A list that is filtered by what is waited for looks at some statuses only, and finds it all the same. */
function expectListed(state: EnrollmentState): void {
  const held = { ...state, onHold: { id: 'msg_1', since: 1, reasonCode: 'FRAUD_REVIEW' } as const };
  for (const each of [state, held]) {
    for (const word of waitingFor(each).flatMap(({ who, what }) => [who, what]))
      expect([word, statusesThatWaitFor(word)]).toEqual([word, expect.arrayContaining([statusOf(each)])]);
  }
}

test('When anything is waited for, then the statuses in which lists look for it include the one that it has', () => {
  const states = [
    ...(['calculating', 'approving', 'scheduled'] as const).map((stage) =>
      enrollment({ ...EVERYTHING, stage }),
    ),
    ...(['frozen', 'submitting', 'pending', 'unknown', 'refused'] as const).map((state) =>
      enrollment({ ...EVERYTHING, ...paying(state) }),
    ),
  ];
  expect(new Set(states.map(statusOf)).size).toBe(5);
  states.forEach(expectListed);
});

test('When an enrollment is open, held or closed, then its reasons are those of failed criteria, of the hold, or of its end', () => {
  const lost = enrollment({ lookUp: { state: 'not_located', at: 1 } });
  expect(reasonCodesOf(enrollment())).toEqual([]);
  expect(reasonCodesOf(lost)).toEqual(['ADVERTISER_NOT_LOCATABLE']);
  const onHold = { id: 'msg_1', since: 1, reasonCode: 'FRAUD_REVIEW' } as const;
  expect(reasonCodesOf({ ...lost, onHold })).toEqual(['FRAUD_REVIEW', 'ADVERTISER_NOT_LOCATABLE']);
  const ending: Ending = { status: 'withdrawn', reasonCodes: ['WITHDRAWN'], at: 1 };
  expect(reasonCodesOf({ ...lost, stage: 'closed', onHold, ending })).toEqual(['WITHDRAWN']);
});

test('When the program lies east of Greenwich, then the payout day is its own, and instants say that they are UTC', () => {
  const { period } = enrollment();
  const tokyo = {
    ...period,
    calculationAt: Date.parse('2023-12-02T15:00:00Z'),
    payoutDate: '2023-12-15',
    payoutAt: Date.parse('2023-12-14T15:00:00Z'),
  };
  const { text, markdown } = explain(enrollment({ ...EVERYTHING, period: tokyo }));
  expect(text).toContain('calculated on 2 Dec 2023, 15:00 UTC and paid on 15 Dec 2023.');
  expect(markdown).toContain('payout: 15 Dec 2023');
});
