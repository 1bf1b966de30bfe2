/**
 * Enrolls a brand. One transaction writes submission, enrollment and outbox row; then the workflow is started. What was
 * acknowledged is never lost: if the start does not succeed here, the outbox does it.
 */
import { randomUUID } from 'node:crypto';
import {
  findEnrollment,
  insertEnrollment,
  liveEnrollmentOfBrand,
  markStarted,
  type EnrollmentRow,
} from '../../database/enrollments';
import { enqueueStart } from '../../database/outbox';
import { latestProgram, type PublishedProgram } from '../../database/programs';
import { firstSubmissionId, insertSubmission, submissionOfMessage } from '../../database/submissions';
import { firstPlan } from '../../program/calendar';
import { programTime } from '../../program/clock';
import { openedState } from '../../program/enrollmentState';
import { TemporalUnavailable } from '../../temporal/enrollments';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { notFound, refused } from '../problem';
import type { CreateEnrollmentBody } from '../schemas';
import { acceptForm, submissionFacts, submissionOf } from './form';
import { resubmit } from './resubmit';

/** The API starts the workflow itself; the outbox looks after it this much later. */
const OUTBOX_HEAD_START_MS = 10_000;

/** 201: enrolled. 202: enrolled, will be started. 200: the brand was enrolled by this caller; a resubmission. */
export type Enrolled = { status: 200 | 201 | 202; row: EnrollmentRow };

export async function createEnrollment(
  context: ApiContext,
  principal: Principal,
  body: CreateEnrollmentBody,
  message: MessageIdentity,
): Promise<Enrolled> {
  const { pool } = context.database;
  const { programId, ...form } = body;
  const program = await latestProgram(pool, programId);
  if (!program) throw notFound('program');
  const key = acceptForm(program.definition, form);

  // A retry of a request whose answer was lost finds what it has written.
  const earlier = await submissionOfMessage(pool, message.messageId);
  const live = await liveEnrollmentOfBrand(pool, programId, key);
  if (live && live.owner !== principal.id) throw refused(409, 'BRAND_ALREADY_ENROLLED', '/brand/storeUrl');
  if (live && (!earlier || earlier.submissionId !== (await firstSubmissionId(pool, live.enrollmentId)))) {
    return { status: 200, row: await resubmit(context, principal, live, form, message) };
  }

  const enrollmentId = live?.enrollmentId ?? (await insert(context, principal, body, key, program, message));
  if (enrollmentId === undefined) return createEnrollment(context, principal, body, message);
  const row = (await findEnrollment(pool, { kind: 'all' }, enrollmentId))!;
  return { status: row.startedAt || (await start(context, row, program)) ? 201 : 202, row };
}

/** The id of the new enrollment, or undefined if somebody enrolled the brand at this moment. */
async function insert(
  context: ApiContext,
  principal: Principal,
  body: CreateEnrollmentBody,
  brandKey: string,
  program: PublishedProgram,
  { messageId }: MessageIdentity,
): Promise<string | undefined> {
  const { definition, revision, clock } = program;
  const first = firstPlan(definition, programTime(clock, Date.now()), null);
  if (!first.ok) throw refused(422, first.reasonCode);
  const enrollmentId = newId('enr');
  const identity = { submissionId: newId('sub'), enrollmentId, messageId, submittedBy: principal.id };
  const submission = submissionOf(body, identity);
  const { missedFacts, noSpend } = definition.policies;
  const state = openedState({
    enrollmentId,
    programId: definition.id,
    programRevision: revision,
    terms: { missedFacts, noSpend, maximumDeferrals: definition.deferral.maximum },
    submission: submissionFacts(submission),
    period: { ...first.plan, calendarRevision: revision },
  });
  const workflowId = `enrollment:${definition.id}:${brandKey}`;
  return context.database.transaction(async (client) => {
    const inserted = await insertEnrollment(client, {
      enrollmentId,
      brandKey,
      workflowId,
      owner: principal.id,
      state,
    });
    if (!inserted) return undefined;
    await insertSubmission(client, submission);
    await enqueueStart(client, enrollmentId, OUTBOX_HEAD_START_MS);
    return enrollmentId;
  });
}

/** False if Temporal is away: the outbox starts it later. */
async function start(context: ApiContext, row: EnrollmentRow, { clock }: PublishedProgram): Promise<boolean> {
  try {
    await context.enrollments.start({ ...row, clock });
  } catch (error) {
    if (!(error instanceof TemporalUnavailable)) throw error;
    context.logger.warn(
      { enrollmentId: row.enrollmentId },
      'Temporal is away; the outbox will start the enrollment',
    );
    return false;
  }
  await markStarted(context.database.pool, row.enrollmentId);
  return true;
}

/** Short enough to read aloud, unguessable enough not to be tried out. */
function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
}
