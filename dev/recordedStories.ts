/** The stories whose histories are recorded, but for those of recordedDecisions.ts: each a way through the process that its code must go again for years. */
import * as messages from '../workflows/messages';
import { eventually } from './apiClient';
import { DECISIONS } from './recordedDecisions';
import {
  ADVERTISER,
  BRAND,
  UNKNOWN_ADVERTISER,
  AFTER_NOVEMBER,
  PAYOUT_OF_NOVEMBER,
  advance,
  answersTo,
  enroll,
  fault,
  post,
  railAway,
  run,
  settlePending,
  untilPayout,
  type Story,
} from './recordedStage';

interface Batch {
  batchId: string;
  standing: number;
}

/** Three months within half a minute. */
const DAYS_A_SECOND = 4;
const AFTER_DECEMBER = '2024-01-04T00:00:00Z';
const PAYOUT_OF_DECEMBER = '2024-01-16T00:00:00Z';

export const STORIES: Record<string, Story> = {
  ...DECISIONS,

  async 'straight-path'(stage) {
    const enrolled = await enroll(stage);
    await enrolled.reportFacts();
    await advance(stage, AFTER_NOVEMBER);
    await enrolled.until('credit_calculated');
    await advance(stage, PAYOUT_OF_NOVEMBER);
    return enrolled.ended('paid');
  },

  async 'still-waiting'(stage) {
    const enrolled = await enroll(stage);
    await enrolled.reportFacts();
    await advance(stage, AFTER_NOVEMBER);
    await enrolled.until('credit_calculated');
    return enrolled.workflow;
  },

  async deferral(stage) {
    const enrolled = await enroll(stage);
    await post(stage.partner, `${enrolled.path}/deferral`, { month: '2023-12' });
    await enrolled.reportFacts();
    await advance(stage, AFTER_DECEMBER);
    await enrolled.until('credit_calculated');
    await advance(stage, PAYOUT_OF_DECEMBER);
    return enrolled.ended('paid');
  },

  /** On a clock that runs: the process waits by timers of its own, is reminded by them, and moves one that is running. */
  async 'real-timers'(stage) {
    const enrolled = await enroll(stage);
    await run(stage, DAYS_A_SECOND);
    await enrolled.until('reminder_due');
    await enrolled.reportFacts();
    await post(stage.partner, `${enrolled.path}/deferral`, { month: '2023-12' });
    return enrolled.ended('paid');
  },

  async 'standing-confirmation'(stage) {
    const items = [{ brandDomain: BRAND, advertiserId: ADVERTISER, outcome: 'confirmed' }];
    // All stories are of one brand.
    const confirmations = { programId: stage.definition.id, items };
    const given = await post<Batch>(stage.partner, '/v1/partner-confirmations', confirmations);
    const stands = async () => (await stage.partner.get<Batch>(`/v1/batches/${given.batchId}`)).body.standing;
    await eventually(stands, (standing) => standing === 1);
    const enrolled = await enroll(stage);
    await enrolled.until('partner_confirmed');
    return enrolled.workflow;
  },

  async 'corrected-advertiser'(stage) {
    const enrolled = await enroll(stage, { advertiserId: UNKNOWN_ADVERTISER });
    await post(stage.caller, '/v1/enrollments', enrolled.formWith({ advertiserId: ADVERTISER }));
    await enrolled.until('advertiser_located');
    await enrolled.reportFacts();
    await advance(stage, PAYOUT_OF_NOVEMBER);
    return enrolled.ended('paid');
  },

  async 'lost-payout-answer'(stage) {
    const enrolled = await enroll(stage);
    await enrolled.reportFacts();
    const only = `${enrolled.id}:credit:1`;
    await fault(stage, { target: 'payout', fault: 'execute_then_drop', only });
    // Of the look-ups, the first is the one before the payment; the second does not see it yet.
    await fault(stage, { target: 'payout_lookup', fault: 'late_visibility', ms: 60_000, times: 2, only });
    await advance(stage, PAYOUT_OF_NOVEMBER);
    await enrolled.until('payout_unknown');
    return enrolled.ended('paid');
  },

  /** Pending at the rail for a while, and then refused: a person has to decide. */
  async 'refused-payout'(stage) {
    const enrolled = await enroll(stage);
    await enrolled.reportFacts();
    const only = `${enrolled.id}:credit:1`;
    await fault(stage, { target: 'payout', fault: 'pending', only });
    await advance(stage, PAYOUT_OF_NOVEMBER);
    await enrolled.until('payout_pending');
    await settlePending(stage, only, 'refused');
    await enrolled.until('payout_refused');
    return enrolled.workflow;
  },

  async 'rolled-on-then-ineligible'(stage) {
    const enrolled = await enroll(stage);
    await advance(stage, AFTER_NOVEMBER);
    await enrolled.until('rolled_on');
    await advance(stage, AFTER_DECEMBER);
    return enrolled.ended('ineligible');
  },

  async signals(stage) {
    const enrolled = await enroll(stage);
    const { workflow } = enrolled;
    await workflow.signal(messages.deferSignal, { month: '2023-12' });
    await enrolled.until('deferred');
    await workflow.signal(messages.deferSignal, { month: '2022-01' });
    await enrolled.until('message_refused');
    await workflow.signal(messages.confirmPartnerSignal);
    await workflow.signal(messages.completeQuestionnaireSignal);
    await enrolled.until('questionnaire_completed');
    await advance(stage, PAYOUT_OF_DECEMBER);
    return enrolled.ended('paid');
  },

  /** A key that opens nothing, then one that does: nobody has to confirm. */
  async 'partner-key'(stage) {
    const fairing = (partnerApiKey: string) => ({ surveyPartner: 'fairing', partnerApiKey });
    const enrolled = await enroll(stage, fairing('fk_revoked_recorded'));
    await enrolled.until('partner_key_checked');
    await post(stage.caller, '/v1/enrollments', enrolled.formWith(fairing('fk_valid_recorded')));
    await enrolled.until('partner_key_checked', 2);
    await post(stage.caller, `${enrolled.path}/questionnaire`, { answers: answersTo(stage.definition) });
    await advance(stage, PAYOUT_OF_NOVEMBER);
    return enrolled.ended('paid');
  },

  /** The rail is away on the payout date: a hold still counts, and after the release the next payout is made. */
  async 'held-while-paying'(stage) {
    const enrolled = await railAway(stage);
    await post(stage.admin, `${enrolled.path}/hold`, { reasonCode: 'FRAUD_REVIEW', note: 'Two shops.' });
    await post(stage.admin, `${enrolled.path}/release`, { note: 'Looked at.' });
    return enrolled.ended('paid');
  },

  async 'withdrawn-while-paying'(stage) {
    const enrolled = await railAway(stage);
    await post(stage.caller, `${enrolled.path}/withdrawal`, {});
    return enrolled.ended('withdrawn');
  },

  /** The rail is being asked to pay when *Cancel* comes: too late. */
  async 'cancelled-too-late'(stage) {
    const enrolled = await enroll(stage);
    await enrolled.reportFacts();
    await fault(stage, { target: 'payout', fault: 'execute_then_hang', only: `${enrolled.id}:credit:1` });
    await advance(stage, PAYOUT_OF_NOVEMBER);
    await untilPayout(stage, enrolled.id, 'submitting');
    await enrolled.workflow.cancel();
    await enrolled.until('message_refused');
    return enrolled.ended('paid');
  },

  /** So much happens that it goes on in a new run, which is the one that is recorded. */
  async 'new-run'(stage) {
    const enrolled = await enroll(stage);
    const { runId } = await enrolled.workflow.describe();
    for (let move = 0; (await enrolled.workflow.describe()).runId === runId; move += 1) {
      const month = move % 2 === 0 ? '2023-12' : '2023-11';
      await post(stage.admin, `${enrolled.path}/deferral`, { month });
    }
    await enrolled.reportFacts();
    await advance(stage, PAYOUT_OF_DECEMBER);
    return enrolled.ended('paid');
  },

  /** The read model cannot be written for a while: a regular activity catches up. */
  async 'read-model-away'(stage) {
    const enrolled = await enroll(stage);
    const { id, workflow } = enrolled;
    const client = await stage.db.connect();
    await client.query('begin');
    await client.query('select from enrollment where enrollment_id = $1 for no key update', [id]);
    await workflow.signal(messages.confirmPartnerSignal);
    await eventually(
      async () => JSON.stringify(await workflow.fetchHistory()),
      (history) => history.includes('"name":"project"'),
    );
    await workflow.signal(messages.completeQuestionnaireSignal);
    await client.query('rollback');
    client.release();
    await enrolled.until('questionnaire_completed');
    await advance(stage, PAYOUT_OF_NOVEMBER);
    return enrolled.ended('paid');
  },
};
