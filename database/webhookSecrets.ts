/** With what webhooks are signed: ours to a subscription, and a survey partner's to us. Encrypted, told once. */
import type { Maker } from './apiKeys';
import type { Keyring, Place, Sealed } from './keyring';
import { newestFirst, type Page, type PageRequest } from './pages';
import { firstRow, type Queryable } from './pool';

/** Who signs: we for a subscription, or a survey partner. */
export type Signer = { subscriptionId: string } | { surveyPartner: string };

export interface WebhookSecretRow {
  webhookSecretId: string;
  surveyPartner: string | null;
  createdAt: Date;
  createdBy: Maker;
  expiresAt: Date | null;
}

/** One that can be used, in plain text. */
export interface OpenedSecret {
  webhookSecretId: string;
  secret: string;
}

const COLUMNS = `webhook_secret_id as "webhookSecretId", survey_partner as "surveyPartner", created_at as "createdAt",
  created_by as "createdBy", expires_at as "expiresAt"`;
const IS_ACTIVE = '(expires_at is null or expires_at > now())';

export async function insertWebhookSecret(
  db: Queryable,
  keyring: Keyring,
  signer: Signer,
  made: OpenedSecret & { createdBy: Maker; messageId: string },
): Promise<WebhookSecretRow> {
  const { webhookSecretId, secret, createdBy, messageId } = made;
  const { secretId, nonce, ciphertext, tag } = keyring.seal(secret, placeOf(webhookSecretId, signer));
  const result = await db.query(
    `insert into webhook_secret (webhook_secret_id, subscription_id, survey_partner, secret_id, nonce, ciphertext, tag,
       message_id, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning ${COLUMNS}`,
    [
      webhookSecretId,
      'subscriptionId' in signer ? signer.subscriptionId : null,
      'surveyPartner' in signer ? signer.surveyPartner : null,
      secretId,
      nonce,
      ciphertext,
      tag,
      messageId,
      JSON.stringify(createdBy),
    ],
  );
  return firstRow<WebhookSecretRow>(result)!;
}

export async function webhookSecretOfMessage(
  db: Queryable,
  messageId: string,
): Promise<WebhookSecretRow | undefined> {
  return firstRow<WebhookSecretRow>(
    await db.query(`select ${COLUMNS} from webhook_secret where message_id = $1`, [messageId]),
  );
}

/** Newest first. Throws UnreadableSecret. */
export async function openActiveSecrets(
  db: Queryable,
  keyring: Keyring,
  signer: Signer,
): Promise<OpenedSecret[]> {
  const { column, value } = ownerOf(signer);
  const result = await db.query(
    `select webhook_secret_id as "webhookSecretId", secret_id as "secretId", nonce, ciphertext, tag from webhook_secret
      where ${column} = $1 and ${IS_ACTIVE} order by created_at desc, webhook_secret_id`,
    [value],
  );
  return (result.rows as ({ webhookSecretId: string } & Sealed)[]).map(({ webhookSecretId, ...sealed }) => ({
    webhookSecretId,
    secret: keyring.open(sealed, placeOf(webhookSecretId, signer)),
  }));
}

/** Those of survey partners. */
export function listPartnerSecrets(db: Queryable, page: PageRequest): Promise<Page<WebhookSecretRow>> {
  const list = {
    columns: COLUMNS,
    from: 'webhook_secret',
    where: 'survey_partner is not null',
    values: [],
    at: 'created_at',
    id: 'webhook_secret_id',
  };
  return newestFirst(db, list, page);
}

/** How many can be used. Until the end of the transaction nobody else adds one. */
export async function lockAndCountActive(db: Queryable, surveyPartner: string): Promise<number> {
  await db.query(`select pg_advisory_xact_lock(hashtextextended('webhook_secret ' || $1, 0))`, [
    surveyPartner,
  ]);
  const result = await db.query(
    `select count(*)::int as count from webhook_secret where survey_partner = $1 and ${IS_ACTIVE}`,
    [surveyPartner],
  );
  return firstRow<{ count: number }>(result)!.count;
}

/** A survey partner's holds no more, at once. Undefined if there is none of this id. */
export async function retirePartnerSecret(
  db: Queryable,
  webhookSecretId: string,
): Promise<WebhookSecretRow | undefined> {
  const result = await db.query(
    `update webhook_secret set expires_at = least(expires_at, now())
      where webhook_secret_id = $1 and survey_partner is not null returning ${COLUMNS}`,
    [webhookSecretId],
  );
  return firstRow<WebhookSecretRow>(result);
}

/** Before a new one is made: the latest lives on for so many hours, those before it end now. */
export async function replaceSubscriptionSecrets(
  db: Queryable,
  subscriptionId: string,
  overlapHours: number,
): Promise<void> {
  await db.query(
    `update webhook_secret w
        set expires_at = least(expires_at, now() + interval '1 hour' * case
              when webhook_secret_id = (select webhook_secret_id from webhook_secret
                                         where subscription_id = $1 order by created_at desc, webhook_secret_id limit 1)
              then $2::float8 else 0 end)
      where subscription_id = $1`,
    [subscriptionId, overlapHours],
  );
}

function ownerOf(signer: Signer): { column: string; value: string } {
  return 'subscriptionId' in signer
    ? { column: 'subscription_id', value: signer.subscriptionId }
    : { column: 'survey_partner', value: signer.surveyPartner };
}

function placeOf(webhookSecretId: string, signer: Signer): Place {
  return { table: 'webhook_secret', column: 'ciphertext', row: [webhookSecretId, ownerOf(signer).value] };
}
