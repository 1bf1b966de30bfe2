/** The survey partner's API key on the form: which stored key a submission names, and storing a new one with it. */
import { randomUUID } from 'node:crypto';
import { UnreadableSecret } from '../../database/keyring';
import { insertPartnerKey, readPartnerKey } from '../../database/partnerKeys';
import type { Queryable } from '../../database/pool';
import { insertSubmission, type Submission } from '../../database/submissions';
import type { KeyCheckFacts } from '../../program/enrollmentState';
import type { ApiContext } from '../context';
import type { FormBody } from '../schemas';

export interface KeyOnForm {
  partnerKeyId: string | null;
  /** Has to be stored under this id, with the submission. */
  newApiKey: string | null;
}

/**
 * `newest` is what the enrollment was sent last; null for its first form. A key that it has already is not a new one,
 * unless its check has failed: sent again, it is tried again (the template may be published by now).
 */
export async function keyOnForm(
  context: ApiContext,
  { partnerApiKey, surveyPartner }: FormBody,
  newest: Submission | null,
  keyCheck: KeyCheckFacts | null,
): Promise<KeyOnForm> {
  const kept = newest?.surveyPartner === surveyPartner ? newest : null;
  const hasFailed =
    keyCheck !== null &&
    keyCheck.partnerKeyId === kept?.partnerKeyId &&
    (keyCheck.outcome === 'invalid' || keyCheck.template === 'not_found');
  const isNew =
    partnerApiKey !== undefined && (hasFailed || !(kept && (await hasKey(context, kept, partnerApiKey))));
  return isNew
    ? { partnerKeyId: `key_${randomUUID()}`, newApiKey: partnerApiKey }
    : { partnerKeyId: kept?.partnerKeyId ?? null, newApiKey: null };
}

/** Stores a submission with its new key; the same message again returns what was stored the first time. */
export async function insertWithKey(
  db: Queryable,
  { keyring }: ApiContext,
  submission: Submission,
  { newApiKey }: KeyOnForm,
): Promise<Submission> {
  const stored = await insertSubmission(db, submission);
  const { submissionId, partnerKeyId, enrollmentId, surveyPartner } = stored;
  if (newApiKey !== null && partnerKeyId !== null && submissionId === submission.submissionId)
    await insertPartnerKey(db, keyring, { partnerKeyId, enrollmentId, surveyPartner }, newApiKey);
  return stored;
}

async function hasKey(
  { database, keyring }: ApiContext,
  { partnerKeyId, enrollmentId, surveyPartner }: Submission,
  apiKey: string,
): Promise<boolean> {
  if (partnerKeyId === null) return false;
  try {
    return (
      apiKey === (await readPartnerKey(database.pool, keyring, { partnerKeyId, enrollmentId, surveyPartner }))
    );
  } catch (error) {
    // Its secret is gone: nobody can use what is stored, so the key counts as new and is stored again.
    if (error instanceof UnreadableSecret) return false;
    throw error;
  }
}
