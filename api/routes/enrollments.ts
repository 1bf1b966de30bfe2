/** `/v1/enrollments`: what is done to them. */
import type { z } from 'zod';
import type { EnrollmentRow } from '../../database/enrollments';
import { enrollment } from '../answers';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { ENROLLMENT } from '../examples/enrollments';
import { FORM, OTHER_ADVERTISER_ID, STATEMENT } from '../examples/stages';
import { createEnrollment } from '../operations/createEnrollment';
import { defer } from '../operations/deferral';
import { decideApproval, hold, release, waive, withdraw } from '../operations/decisions';
import { erase } from '../operations/erasure';
import {
  completeQuestionnaire,
  confirmPartner,
  rejectPartner,
  reopenQuestionnaire,
} from '../operations/facts';
import { permitNewEnrollment } from '../operations/newEnrollment';
import { restart } from '../operations/restart';
import { resubmit } from '../operations/resubmit';
import { presentEnrollment } from '../presentation';
import * as schemas from '../schemas';
import { enrollmentOf, withExample, write, type Refusals, type Route } from './route';

const ADVERTISER_ID = FORM.advertiserId;
const FORM_REFUSALS = ['INVALID_REQUEST', 'PARTNER_NOT_APPROVED'] as const;
/** Of any message to an enrollment. */
const ANY_MESSAGE = [
  'ENROLLMENT_ENDED',
  'ENROLLMENT_ERASED',
  'ENROLLMENT_STOPPED',
  'ENROLLMENT_PAUSED',
  'ENROLLMENT_SUPERSEDED',
] as const;
export const BEFORE_THE_CALCULATION = [...ANY_MESSAGE, 'CALCULATION_BEGUN'] as const;
const BEFORE_THE_PAYOUT = [...ANY_MESSAGE, 'PAYOUT_BEGUN'] as const;

export const enrollmentRoutes: Route[] = [
  write({
    operationId: 'createEnrollment',
    path: '/v1/enrollments',
    tag: 'Enrollments',
    summary: 'Enroll a brand',
    description:
      'One live enrollment per brand and program. The form of a brand that this caller has enrolled is a resubmission.',
    body: schemas.createEnrollmentBody,
    example: { programId: 'pps-demo', ...FORM },
    answers: {
      201: withExample(enrollment, ENROLLMENT.opened, 'Enrolled.'),
      202: withExample(
        enrollment,
        ENROLLMENT.opened,
        'Enrolled while Temporal was away; it is started later.',
      ),
      200: withExample(
        enrollment,
        ENROLLMENT.located,
        'This caller has enrolled the brand before: a resubmission of its one enrollment.',
      ),
    },
    refusals: {
      403: ['TEST_CLOCK_NOT_ALLOWED'],
      404: ['NOT_FOUND'],
      409: ['BRAND_ALREADY_ENROLLED', ...BEFORE_THE_CALCULATION],
      422: [...FORM_REFUSALS, 'PROGRAM_CLOSED'],
    },
    async handle(context, { principal, body, message }) {
      const { status, row } = await createEnrollment(context, principal, body, message);
      const { enrollmentId } = row;
      return { status, body: presentEnrollment(context, principal, row), about: { enrollmentId } };
    },
  }),

  act('resubmission', resubmit, {
    operationId: 'resubmit',
    tag: 'Enrollments',
    summary: 'Send the form again; it replaces everything',
    body: schemas.resubmissionBody,
    example: { ...FORM, advertiserId: OTHER_ADVERTISER_ID },
    after: ENROLLMENT.resubmitted,
    refusals: { 409: BEFORE_THE_CALCULATION, 422: FORM_REFUSALS },
  }),
  act('partner-confirmation', confirmPartner, {
    operationId: 'confirmPartner',
    tag: 'Partners',
    summary: 'Confirm subscription, survey template and data sharing',
    body: schemas.confirmationBody,
    example: { advertiserId: ADVERTISER_ID },
    after: ENROLLMENT.confirmed,
    refusals: { 409: [...BEFORE_THE_CALCULATION, 'SUBMISSION_SUPERSEDED', 'REPEATED_TOO_OFTEN'] },
  }),
  act('partner-rejection', rejectPartner, {
    operationId: 'rejectPartner',
    tag: 'Partners',
    summary: 'Reject what the advertiser claims; it may be confirmed after all',
    body: schemas.rejectionBody,
    example: {
      advertiserId: ADVERTISER_ID,
      criteria: ['survey_template'],
      reasonCode: 'TEMPLATE_NOT_FOUND',
    },
    after: ENROLLMENT.rejected,
    refusals: { 409: [...BEFORE_THE_CALCULATION, 'SUBMISSION_SUPERSEDED', 'REPEATED_TOO_OFTEN'] },
  }),
  act('questionnaire', completeQuestionnaire, {
    operationId: 'completeQuestionnaire',
    tag: 'Enrollments',
    summary: 'Answer the questionnaire',
    body: schemas.questionnaireBody,
    example: {
      answers: {
        'survey-live-since': 'September 2023',
        'attribution-question': true,
        'monthly-orders': 900,
        'main-use': 'Budget decisions',
      },
    },
    after: ENROLLMENT.answered,
    refusals: { 409: [...BEFORE_THE_CALCULATION, 'REPEATED_TOO_OFTEN'], 422: ['INVALID_REQUEST'] },
  }),
  act('questionnaire/reopening', reopenQuestionnaire, {
    operationId: 'reopenQuestionnaire',
    tag: 'Staff',
    summary: 'Have the questionnaire answered again',
    body: schemas.noteBody,
    example: { note: 'The number of orders cannot be right.' },
    after: ENROLLMENT.reopened,
    refusals: { 409: BEFORE_THE_CALCULATION },
  }),
  act('deferral', defer, {
    operationId: 'defer',
    tag: 'Partners',
    summary: 'Defer to a later calculation month; an admin may undo a deferral',
    body: schemas.deferralBody,
    example: { month: '2023-12' },
    after: ENROLLMENT.deferred,
    refusals: {
      409: [
        ...BEFORE_THE_CALCULATION,
        'MONTH_NOT_IN_CALENDAR',
        'MONTH_NOT_LATER',
        'MONTH_PAST',
        'NO_SUCH_DEFERRAL',
        'DEFERRAL_LIMIT_REACHED',
        'PROGRAM_CLOSED',
        'SUBMISSION_SUPERSEDED',
        'REPEATED_TOO_OFTEN',
      ],
    },
  }),
  act('hold', hold, {
    operationId: 'hold',
    tag: 'Staff',
    summary: 'Hold: facts are taken, no step is',
    body: schemas.holdBody,
    example: { reasonCode: 'POSSIBLE_DUPLICATE', note: 'Two shops, one ad account.' },
    after: ENROLLMENT.held,
    refusals: { 409: BEFORE_THE_PAYOUT },
  }),
  act('release', release, {
    operationId: 'release',
    tag: 'Staff',
    summary: 'Release a hold',
    body: schemas.requiredNoteBody,
    example: { note: 'The shops belong together.' },
    after: ENROLLMENT.released,
    refusals: { 409: [...BEFORE_THE_PAYOUT, 'NOT_ON_HOLD', 'DECISION_OUTDATED'] },
  }),
  act('waiver', waive, {
    operationId: 'waive',
    tag: 'Staff',
    summary: 'Waive a criterion',
    body: schemas.waiverBody,
    example: {
      criterion: 'survey_template',
      reasonCode: 'TEMPLATE_NOT_FOUND',
      note: 'A template of their own, seen by us.',
    },
    after: ENROLLMENT.waived,
    refusals: { 409: BEFORE_THE_CALCULATION },
  }),
  act('approval', decideApproval, {
    operationId: 'decideApproval',
    tag: 'Staff',
    summary: 'Approve, reject or send back a credit',
    body: schemas.approvalBody,
    example: { outcome: 'approve', statementId: STATEMENT.statementId },
    after: ENROLLMENT.approved,
    refusals: {
      409: [...BEFORE_THE_PAYOUT, 'NO_APPROVAL_AWAITED', 'DECISION_OUTDATED', 'MAKER_IS_CHECKER', 'ON_HOLD'],
    },
  }),
  act('withdrawal', withdraw, {
    operationId: 'withdraw',
    tag: 'Enrollments',
    summary: 'Withdraw: it ends, and nothing is paid',
    body: schemas.noteBody,
    example: { note: 'The brand is being sold.' },
    after: ENROLLMENT.withdrawn,
    refusals: { 409: BEFORE_THE_PAYOUT },
  }),
  act('new-enrollment-permission', permitNewEnrollment, {
    operationId: 'permitNewEnrollment',
    tag: 'Staff',
    summary: 'Permit the brand of an ended enrollment to enroll once more',
    body: schemas.requiredNoteBody,
    example: { note: 'The sale did not happen.' },
    after: ENROLLMENT.permitted,
    refusals: { 409: ['ENROLLMENT_OPEN', 'ENROLLMENT_SUPERSEDED', 'ENROLLMENT_CREDITED'] },
  }),
  act('erasure', erase, {
    operationId: 'eraseEnrollment',
    tag: 'Staff',
    summary: 'Erase the personal data of an enrollment that has ended; facts and money stay',
    body: schemas.requiredNoteBody,
    example: { note: 'Asked for by the contact.' },
    after: ENROLLMENT.erased,
    refusals: { 409: ['ENROLLMENT_OPEN'] },
  }),
  write({
    operationId: 'restart',
    path: '/v1/enrollments/{enrollmentId}/restart',
    tag: 'Staff',
    summary: 'Restart an open enrollment whose workflow was stopped, from its recorded facts',
    body: schemas.restartBody,
    example: { note: 'Terminated by mistake.' },
    answers: {
      200: withExample(enrollment, ENROLLMENT.restarted, 'It goes on.'),
      202: withExample(
        enrollment,
        ENROLLMENT.restarted,
        'Restarted while Temporal was away; it goes on later.',
      ),
    },
    refusals: {
      404: ['NOT_FOUND'],
      409: [
        'ENROLLMENT_OPEN',
        'ENROLLMENT_PAUSED',
        'ENROLLMENT_NOT_STARTED',
        'ENROLLMENT_CHANGED',
        'ENROLLMENT_ENDED',
        'READ_MODEL_DIFFERS',
      ],
      503: ['WORKFLOW_NOT_ANSWERING'],
    },
    async handle(context, call) {
      const { principal, body, message } = call;
      const { status, row } = await restart(
        context,
        principal,
        await enrollmentOf(context, call),
        body,
        message,
      );
      return { status, body: presentEnrollment(context, principal, row) };
    },
  }),
];

type Operation<Body> = (
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  body: Body,
  message: MessageIdentity,
) => Promise<EnrollmentRow>;

/** A write to one enrollment; its answer is the enrollment afterwards. */
function act<B extends z.ZodType>(
  action: string,
  operation: Operation<z.infer<B>>,
  {
    after,
    ...route
  }: Pick<Route, 'operationId' | 'tag' | 'summary'> & {
    body: B;
    example: z.input<B>;
    /** Example of the answer. */
    after: z.infer<typeof enrollment>;
    refusals: Refusals;
  },
): Route {
  return write({
    ...route,
    path: `/v1/enrollments/{enrollmentId}/${action}`,
    answers: { 200: withExample(enrollment, after, 'The enrollment as it is afterwards.') },
    refusals: { ...route.refusals, 404: ['NOT_FOUND'] },
    async handle(context, call) {
      const { principal, body, message } = call;
      const row = await operation(context, principal, await enrollmentOf(context, call), body, message);
      return { status: 200, body: presentEnrollment(context, principal, row) };
    },
  });
}
