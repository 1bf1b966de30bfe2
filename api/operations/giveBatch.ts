/** Takes a batch: its items are stored and acknowledged, and carried out by the loop of the API (batches/loop.ts). */
import { randomUUID } from 'node:crypto';
import { batchOfMessage, insertBatch, insertItems, type BatchKind } from '../../database/batches';
import { latestProgram } from '../../database/programs';
import { isProgramInScope, type Principal } from '../authentication';
import type { WaitingDeferral } from '../batches/deferrals';
import type { WaitingWord } from '../batches/partnerWords';
import type { ConfirmationsBody, DeferralsBody } from '../batchSchemas';
import type { ApiContext, MessageIdentity } from '../context';
import { ownerOf } from '../idempotency';
import { notFound, Problem } from '../problem';
import type { EnrollmentName } from './namedEnrollment';

export async function giveConfirmations(
  context: ApiContext,
  principal: Principal,
  { programId, surveyPartner, items }: ConfirmationsBody,
  message: MessageIdentity,
): Promise<string> {
  const speaksFor = principal.surveyPartner ?? surveyPartner ?? null;
  if (surveyPartner !== undefined && surveyPartner !== speaksFor)
    throw new Problem('FORBIDDEN', `Your key speaks for ${speaksFor}, and for no other survey partner.`);
  await requireProgram(context, principal, programId);
  const words = items.map((word): WaitingWord => ({
    ...word,
    programId: programId ?? null,
    surveyPartner: speaksFor,
    subject: subjectOf(word),
  }));
  return give(context, principal, 'partner_confirmations', words, message);
}

export async function giveDeferrals(
  context: ApiContext,
  principal: Principal,
  { programId, items }: DeferralsBody,
  message: MessageIdentity,
): Promise<string> {
  await requireProgram(context, principal, programId);
  const { surveyPartner = null } = principal;
  const deferrals = items.map((item): WaitingDeferral => ({
    ...item,
    programId: programId ?? null,
    surveyPartner,
    subject: subjectOf(item),
  }));
  return give(context, principal, 'deferrals', deferrals, message);
}

/** What is said of one enrollment is carried out in order, as far as it is named in one way. */
function subjectOf({ enrollmentId, brandDomain }: EnrollmentName): string {
  return enrollmentId ?? brandDomain!;
}

async function requireProgram(
  { database }: ApiContext,
  principal: Principal,
  programId: string | undefined,
): Promise<void> {
  if (programId === undefined) return;
  const program = await latestProgram(database.pool, programId);
  if (!program || !isProgramInScope(principal, program)) throw notFound('program');
}

/** The id of the batch; the same message again finds it. */
async function give(
  { database }: ApiContext,
  principal: Principal,
  kind: BatchKind,
  contents: readonly object[],
  { messageId }: MessageIdentity,
): Promise<string> {
  const batchId = `bat_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  const batch = {
    batchId,
    kind,
    givenBy: principal,
    owner: ownerOf(principal),
    messageId,
    state: 'accepted',
  } as const;
  return database.transaction(async (db) => {
    if (!(await insertBatch(db, batch))) return (await batchOfMessage(db, messageId))!;
    await insertItems(db, batchId, contents);
    return batchId;
  });
}
