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
import { latestProgram, readClock, type PublishedProgram } from '../../database/programs';
import { firstSubmissionId, submissionOfMessage } from '../../database/submissions';
import { brandKey } from '../../program/brandKey';
import { firstPlan } from '../../program/calendar';
import { programTime } from '../../program/clock';
import type { ProgramDefinition } from '../../program/definition';
import { openedState } from '../../program/enrollmentState';
import { TemporalUnavailable } from '../../temporal/enrollments';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { mayRunOnTestClock } from '../../settings/settings';
import { notFound, refused, testClockRefused } from '../problem';
import type { CreateEnrollmentBody, FormBody } from '../schemas';
import { acceptForm, submissionFacts, submissionOf } from './form';
import { insertWithKey, keyOnForm } from './partnerApiKey';
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
  if (program.definition.testClock && !mayRunOnTestClock(context.testClockPrograms, programId))
    throw testClockRefused(programId);

  for (let tries = 0; tries < 3; tries += 1) {
    const live = await liveEnrollmentOf(context, program.definition, form);
    if (live && live.owner !== principal.id) throw refused(409, 'BRAND_ALREADY_ENROLLED', '/brand/storeUrl');
    if (live && !(await isMadeBy(context, live, message))) {
      return { status: 200, row: await resubmit(context, principal, live, form, message) };
    }
    const enrollmentId = live?.enrollmentId ?? (await insert(context, principal, body, program, message));
    if (enrollmentId === undefined) continue;
    const row = (await findEnrollment(pool, { kind: 'all' }, enrollmentId))!;
    return { status: row.startedAt || (await start(context, row)) ? 201 : 202, row };
  }
  throw new Error(`An enrollment of the brand in ${programId} can neither be found nor made.`);
}

/** An enrollment that exists keeps the terms that it was made under, so the latest rules do not judge its form. */
async function liveEnrollmentOf(
  { database }: ApiContext,
  { id, sharedStoreHosts }: ProgramDefinition,
  { brand }: FormBody,
): Promise<EnrollmentRow | undefined> {
  const key = brandKey(brand.storeUrl, sharedStoreHosts);
  return key.ok ? liveEnrollmentOfBrand(database.pool, id, key.key) : undefined;
}

/** Whether this is a retry of the request that made the enrollment: its answer was lost, what it wrote is there. */
async function isMadeBy(
  { database }: ApiContext,
  { enrollmentId }: EnrollmentRow,
  { messageId }: MessageIdentity,
): Promise<boolean> {
  const earlier = await submissionOfMessage(database.pool, messageId);
  return earlier?.submissionId === (await firstSubmissionId(database.pool, enrollmentId));
}

/** The id of the new enrollment, or undefined if somebody enrolled the brand at this moment. */
async function insert(
  context: ApiContext,
  principal: Principal,
  body: CreateEnrollmentBody,
  program: PublishedProgram,
  { messageId }: MessageIdentity,
): Promise<string | undefined> {
  const { definition, revision, clock } = program;
  const key = acceptForm(definition, body);
  const first = firstPlan(definition, programTime(clock, Date.now()), null);
  if (!first.ok) throw refused(422, first.reasonCode);
  const enrollmentId = newId('enr');
  const submissionId = newId('sub');
  const onForm = await keyOnForm(context, body, null, null);
  const identity = {
    submissionId,
    contactId: submissionId,
    enrollmentId,
    messageId,
    submittedBy: principal.id,
    partnerKeyId: onForm.partnerKeyId,
  };
  const submission = submissionOf(body, identity);
  const { missedFacts, noSpend } = definition.policies;
  const state = openedState({
    enrollmentId,
    programId: definition.id,
    programRevision: revision,
    terms: {
      missedFacts,
      noSpend,
      maximumDeferrals: definition.deferral.maximum,
      reminders: definition.reminders,
    },
    submission: submissionFacts(submission),
    enrolledOn: first.enrolledOn,
    period: { ...first.plan, calendarRevision: revision },
  });
  const workflowId = `enrollment:${definition.id}:${key}`;
  return context.database.transaction(async (client) => {
    const inserted = await insertEnrollment(client, {
      enrollmentId,
      brandKey: key,
      workflowId,
      owner: principal.id,
      state,
    });
    if (!inserted) return undefined;
    await insertWithKey(client, context, submission, onForm);
    await enqueueStart(client, enrollmentId, OUTBOX_HEAD_START_MS);
    return enrollmentId;
  });
}

/** False if Temporal is away: the outbox starts it later. */
async function start(context: ApiContext, row: EnrollmentRow): Promise<boolean> {
  // Read after the commit: whoever adjusts the clock from now on finds the enrollment and wakes it.
  const clock = await readClock(context.database.pool, row.programId);
  try {
    await context.enrollments.start({ ...row, clock: clock ?? [] });
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
