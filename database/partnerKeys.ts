/** API keys of survey partners that advertisers submitted: encrypted, never changed, only erased. */
import type { Keyring, Place, Sealed } from './keyring';
import { firstRow, type Queryable } from './pool';

/** Whose key it is. A key is read for its enrollment and its survey partner only. */
export interface PartnerKey {
  partnerKeyId: string;
  enrollmentId: string;
  surveyPartner: string;
}

export async function insertPartnerKey(
  db: Queryable,
  keyring: Keyring,
  key: PartnerKey,
  apiKey: string,
): Promise<void> {
  const { secretId, nonce, ciphertext, tag } = keyring.seal(apiKey, placeOf(key));
  await db.query(
    `insert into partner_key (partner_key_id, enrollment_id, survey_partner, secret_id, nonce, ciphertext, tag, last_four)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      key.partnerKeyId,
      key.enrollmentId,
      key.surveyPartner,
      secretId,
      nonce,
      ciphertext,
      tag,
      lastFourOf(apiKey),
    ],
  );
}

/** The API key in plain text. Throws UnreadableSecret, or an Error if there is no such key. */
export async function readPartnerKey(db: Queryable, keyring: Keyring, key: PartnerKey): Promise<string> {
  const sealed = firstRow<Sealed>(
    await db.query(
      `select secret_id as "secretId", nonce, ciphertext, tag from partner_key
        where partner_key_id = $1 and enrollment_id = $2 and survey_partner = $3`,
      [key.partnerKeyId, key.enrollmentId, key.surveyPartner],
    ),
  );
  if (!sealed) {
    throw new Error(
      `Enrollment ${key.enrollmentId} has no key ${key.partnerKeyId} of ${key.surveyPartner}; the form must be sent again with it.`,
    );
  }
  return keyring.open(sealed, placeOf(key));
}

function placeOf({ partnerKeyId, enrollmentId }: PartnerKey): Place {
  return { table: 'partner_key', column: 'ciphertext', row: [partnerKeyId, enrollmentId] };
}

/** By which people recognise it. Of a short text nothing: four characters would be too large a part of it. */
function lastFourOf(apiKey: string): string {
  return apiKey.length < 12 ? '' : apiKey.slice(-4);
}
