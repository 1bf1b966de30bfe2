/** What survey partners send us: their word on an enrollment, and the secrets with which they sign it. */
import {
  insertWebhookSecret,
  listPartnerSecrets,
  lockAndCountActive,
  retirePartnerSecret,
  webhookSecretOfMessage,
  type WebhookSecretRow,
} from '../../database/webhookSecrets';
import type { EnrollmentRow } from '../../database/enrollments';
import { scopeOf, type Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { pageOf, type CursorPage, type CursorRequest } from '../cursor';
import { invalid, notFound } from '../problem';
import { makeWebhookSecret } from '../webhookSecret';
import type { PartnerFactBody } from '../webhookSchemas';
import { makerOf } from './apiKeys';
import { confirmPartner, rejectPartner } from './facts';
import { enrollmentsNamed } from './namedEnrollment';
import { tooMany } from './webhookSubscriptions';

/** Enough for a rotation and a mistake. */
const MOST_ACTIVE_SECRETS = 5;

export interface MadeSecret {
  row: WebhookSecretRow;
  secret: string | null;
}

export function makePartnerSecret(
  { database, keyring }: ApiContext,
  principal: Principal,
  surveyPartner: string,
  { messageId }: MessageIdentity,
): Promise<MadeSecret> {
  return database.transaction(async (db) => {
    const count = await lockAndCountActive(db, surveyPartner);
    const known = await webhookSecretOfMessage(db, messageId);
    if (known) return { row: known, secret: null };
    if (count >= MOST_ACTIVE_SECRETS) throw tooMany(`${surveyPartner} has ${count} secrets. Retire one.`);
    const made = { ...makeWebhookSecret(), createdBy: makerOf(principal), messageId };
    const row = await insertWebhookSecret(db, keyring, { surveyPartner }, made);
    return { row, secret: made.secret };
  });
}

export function partnerSecrets(
  { database }: ApiContext,
  query: CursorRequest,
): Promise<CursorPage<WebhookSecretRow>> {
  return pageOf('partner secrets', query, (page) => listPartnerSecrets(database.pool, page));
}

export async function retireSecret({ database }: ApiContext, secretId: string): Promise<WebhookSecretRow> {
  const retired = await retirePartnerSecret(database.pool, secretId);
  if (!retired) throw notFound('secret');
  return retired;
}

/** The enrollment that the partner speaks of. Throws a 404 for a brand that is not enrolled with this partner. */
export async function enrollmentOfFact(
  { database }: ApiContext,
  principal: Principal,
  { data }: PartnerFactBody,
): Promise<EnrollmentRow> {
  const [row, ...others] = await enrollmentsNamed(database.pool, scopeOf(principal), data);
  if (!row) throw notFound('enrollment');
  if (others.length > 0) {
    const message = 'is in several programs: name programId, or the enrollmentId';
    throw invalid([{ pointer: '/data/brandDomain', message }], 422);
  }
  return row;
}

export function takeFact(
  context: ApiContext,
  principal: Principal,
  row: EnrollmentRow,
  { type, data }: PartnerFactBody,
  message: MessageIdentity,
): Promise<EnrollmentRow> {
  return type === 'partner.confirmed'
    ? confirmPartner(context, principal, row, data, message)
    : rejectPartner(context, principal, row, data, message);
}
