/**
 * Enrolls a brand. One transaction writes submission, enrollment and outbox row; then the workflow is started. What was
 * acknowledged is never lost: if the start does not succeed here, the outbox does it.
 */
import { randomUUID } from 'node:crypto';
import { insertEnrollment, latestEnrollmentOfBrand, type EnrollmentRow } from '../../database/enrollments';
import { enqueueStart } from '../../database/outbox';
import { latestProgram, type PublishedProgram } from '../../database/programs';
import { applyStanding, lockBrand } from '../../database/standingConfirmations';
import { barToSuccessor, permitsSuccessor, supersede } from '../../database/successors';
import { firstSubmissionId, submissionOfMessage } from '../../database/submissions';
import { brandKey } from '../../program/brandKey';
import { firstPlan } from '../../program/calendar';
import { programTime } from '../../program/clock';
import type { ProgramDefinition } from '../../program/definition';
import { openedState, type EnrollmentTerms } from '../../program/enrollmentState';
import { firstWorkflowId, nextWorkflowId } from '../../temporal/workflowId';
import { isProgramInScope, type Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { mayRunOnTestClock } from '../../settings/settings';
import { notAccepted, notFound, refused, testClockRefused } from '../problem';
import type { CreateEnrollmentBody, FormBody } from '../schemas';
import { acceptForm, submissionFacts, submissionOf } from './form';
import { insertWithKey, keyOnForm } from './partnerApiKey';
import { readEnrollment } from './readEnrollment';
import { resubmit } from './resubmit';
import { OUTBOX_HEAD_START_MS, startEnrollment } from './startEnrollment';

/** When its workflow is started: by the request, so that its answer can say that it is, or by the outbox. */
export type Start = 'now' | 'by_outbox';

/** 201: enrolled. 202: enrolled, will be started. 200: the brand was enrolled by this caller; a resubmission. */
export type Enrolled = { status: 200 | 201 | 202; row: EnrollmentRow };

export async function createEnrollment(
  context: ApiContext,
  principal: Principal,
  body: CreateEnrollmentBody,
  message: MessageIdentity,
  start: Start = 'now',
): Promise<Enrolled> {
  const { programId, ...form } = body;
  const program = await openProgram(context, principal, programId);
  for (let tries = 0; tries < 3; tries += 1) {
    const latest = await latestEnrollmentOf(context, program.definition, form);
    const predecessor = latest && (await makesRoom(context, latest, message)) ? latest : undefined;
    const live = predecessor ? undefined : latest;
    if (live && live.owner !== principal.id) throw refused('BRAND_ALREADY_ENROLLED', '/brand/storeUrl');
    if (live && !(await isMadeBy(context, live, message))) {
      return { status: 200, row: await resubmit(context, principal, live, form, message) };
    }
    const enrollmentId =
      live?.enrollmentId ?? (await insert(context, principal, body, program, message, predecessor, start));
    if (enrollmentId === undefined) continue;
    const row = await readEnrollment(context, principal, enrollmentId);
    const isStarted = row.startedAt !== null || (start === 'now' && (await startEnrollment(context, row)));
    return { status: isStarted ? 201 : 202, row };
  }
  throw new Error(`An enrollment of the brand in ${programId} can neither be found nor made.`);
}

/** The program as it enrolls now. Throws a 404 or a 403. */
export async function openProgram(
  context: ApiContext,
  principal: Principal,
  programId: string,
): Promise<PublishedProgram> {
  const program = await latestProgram(context.database.pool, programId);
  if (!program || !isProgramInScope(principal, program)) throw notFound('program');
  if (program.definition.testClock && !mayRunOnTestClock(context.testClockPrograms, programId))
    throw testClockRefused(programId);
  return program;
}

/** An enrollment that exists keeps the terms that it was made under, so the latest rules do not judge its form. */
async function latestEnrollmentOf(
  { database }: ApiContext,
  { id, sharedStoreHosts }: ProgramDefinition,
  { brand }: FormBody,
): Promise<EnrollmentRow | undefined> {
  const key = brandKey(brand.storeUrl, sharedStoreHosts);
  return key.ok ? latestEnrollmentOfBrand(database.pool, id, key.key) : undefined;
}

/** Whether the brand may enroll again; a request that was sent before that was permitted stays what it was. */
async function makesRoom(
  { database }: ApiContext,
  { enrollmentId, state }: EnrollmentRow,
  { messageId }: MessageIdentity,
): Promise<boolean> {
  if (!state.ending || (await submissionOfMessage(database.pool, messageId))) return false;
  return permitsSuccessor(database.pool, enrollmentId);
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
  predecessor: EnrollmentRow | undefined,
  start: Start,
): Promise<string | undefined> {
  const { definition, revision, clock } = program;
  const key = acceptForm(definition, body);
  const first = firstPlan(definition, programTime(clock, Date.now()), null);
  if (!first.ok) throw notAccepted(first.reasonCode);
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
  const state = openedState({
    enrollmentId,
    programId: definition.id,
    programRevision: revision,
    terms: termsOf(definition),
    submission: submissionFacts(submission),
    enrolledOn: first.enrolledOn,
    period: { ...first.plan, calendarRevision: revision },
    makers: [principal.id],
  });
  const workflowId = predecessor
    ? nextWorkflowId(predecessor.workflowId)
    : firstWorkflowId(definition.id, key);
  return context.database.transaction(async (client) => {
    if (predecessor) {
      if (await barToSuccessor(client, predecessor.enrollmentId)) return undefined;
      await supersede(client, predecessor.enrollmentId, enrollmentId);
    }
    const inserted = await insertEnrollment(client, {
      enrollmentId,
      brandKey: key,
      workflowId,
      owner: principal.id,
      state,
    });
    if (!inserted) return undefined;
    await insertWithKey(client, context, submission, onForm);
    await lockBrand(client, key);
    await applyStanding(client, enrollmentId);
    await enqueueStart(client, enrollmentId, start === 'now' ? OUTBOX_HEAD_START_MS : 0);
    return enrollmentId;
  });
}

/** The excerpt of the definition that the process needs. */
export function termsOf({
  policies,
  deferral,
  payoutSpreadMinutes,
  reminders,
}: ProgramDefinition): EnrollmentTerms {
  const { missedFacts, noSpend } = policies;
  return { missedFacts, noSpend, maximumDeferrals: deferral.maximum, payoutSpreadMinutes, reminders };
}

/** Short enough to read aloud, unguessable enough not to be tried out. */
function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
}
