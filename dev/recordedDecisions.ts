/** Recorded stories of what people decide: holds and waivers, approvals, a restart. */
import type { Enrollment } from './apiClient';
import {
  ADVERTISER,
  AFTER_NOVEMBER,
  PAYOUT_OF_NOVEMBER,
  advance,
  answersTo,
  enroll,
  post,
  type Stage,
  type Story,
} from './recordedStage';

/** Another contact after the confirmation: somebody has to approve it. */
async function awaitingApproval(stage: Stage) {
  const enrolled = await enroll(stage);
  await enrolled.reportFacts();
  const contact = { name: 'Nils Wind', email: 'nils@recorded.example' };
  await post(stage.caller, '/v1/enrollments', enrolled.formWith({ contact }));
  await enrolled.confirm();
  await advance(stage, AFTER_NOVEMBER);
  await enrolled.until('credit_calculated');
  return {
    ...enrolled,
    async decide(outcome: string) {
      const { approval } = (await stage.approver.get<Enrollment>(enrolled.path)).body;
      const decision = { outcome, statementId: approval!.statementId, reasonCode: 'FRAUD_REVIEW' };
      await post(stage.approver, `${enrolled.path}/approval`, decision);
    },
  };
}

export const DECISIONS: Record<string, Story> = {
  async approval(stage) {
    const enrolled = await awaitingApproval(stage);
    await enrolled.decide('approve');
    await advance(stage, PAYOUT_OF_NOVEMBER);
    return enrolled.ended('paid');
  },

  async 'sent-back-then-rejected'(stage) {
    const enrolled = await awaitingApproval(stage);
    await enrolled.decide('send_back');
    await enrolled.until('held');
    await post(stage.admin, `${enrolled.path}/release`, { note: 'Looked at.' });
    await enrolled.until('credit_calculated', 2);
    await enrolled.decide('reject');
    return enrolled.ended('rejected');
  },

  async 'held-waived-withdrawn'(stage) {
    const enrolled = await enroll(stage);
    await post(stage.partner, `${enrolled.path}/partner-rejection`, { advertiserId: ADVERTISER });
    await post(stage.admin, `${enrolled.path}/hold`, { reasonCode: 'FRAUD_REVIEW', note: 'Two shops.' });
    await post(stage.admin, `${enrolled.path}/release`, { note: 'Looked at.' });
    for (const criterion of ['subscription', 'survey_template', 'data_sharing']) {
      const reasonCode = 'SUBSCRIPTION_NOT_CONFIRMED';
      await post(stage.admin, `${enrolled.path}/waiver`, { criterion, reasonCode, note: 'By telephone.' });
    }
    await post(stage.caller, `${enrolled.path}/questionnaire`, { answers: answersTo(stage.definition) });
    await advance(stage, AFTER_NOVEMBER);
    await enrolled.until('credit_calculated');
    await post(stage.caller, `${enrolled.path}/withdrawal`, {});
    return enrolled.ended('withdrawn');
  },

  async reopened(stage) {
    const enrolled = await enroll(stage);
    await enrolled.reportFacts();
    await post(stage.admin, `${enrolled.path}/questionnaire/reopening`, {});
    const answers = answersTo(stage.definition);
    await post(stage.caller, `${enrolled.path}/questionnaire`, { answers });
    await advance(stage, PAYOUT_OF_NOVEMBER);
    return enrolled.ended('paid');
  },

  /** The workflow that goes on in the place of one that was terminated. */
  async restarted(stage) {
    const enrolled = await enroll(stage);
    await enrolled.reportFacts();
    await enrolled.workflow.terminate();
    const { workflowId } = await post<Enrollment>(stage.admin, `${enrolled.path}/restart`, {
      note: 'Looked at.',
    });
    await enrolled.until('restarted');
    await advance(stage, PAYOUT_OF_NOVEMBER);
    const workflow = stage.temporal.workflow.getHandle(workflowId);
    await workflow.result();
    return workflow;
  },
};
