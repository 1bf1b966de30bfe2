/**
 * Secrets at rest: AES-256-GCM under one of several secrets, so that they can be rotated. What is encrypted is bound to
 * the place where it is stored: a ciphertext that was copied to another row cannot be read there.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { PartnerKeySecret } from '../settings/partnerKeySecrets';

/** A value of a row; its parts are bound into the ciphertext. */
export interface Place {
  table: string;
  column: string;
  /** Whatever identifies the row, and must not be changed. */
  row: readonly string[];
}

export interface Sealed {
  secretId: string;
  nonce: Buffer;
  ciphertext: Buffer;
  tag: Buffer;
}

export interface Keyring {
  /** Encrypts with the first secret. */
  seal(text: string, place: Place): Sealed;
  /** Throws UnreadableSecret. */
  open(sealed: Sealed, place: Place): string;
}

export class UnreadableSecret extends Error {
  override readonly name = 'UnreadableSecret';
}

const ALGORITHM = 'aes-256-gcm';
/** 96 bits: at random they are safe for 2^32 values of one secret (NIST SP 800-38D, 8.3). */
const NONCE_BYTES = 12;
/** Stated to the decipher as well, which would take a shortened tag otherwise. */
const OPTIONS = { authTagLength: 16 };

/** `secrets` in the order of the setting: the first one writes, all of them read. */
export function createKeyring(secrets: readonly PartnerKeySecret[]): Keyring {
  const [first] = secrets;
  if (!first) throw new RangeError('A keyring needs at least one secret.');

  return {
    seal(text, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, first.secret, nonce, OPTIONS);
      cipher.setAAD(bound(first.id, place));
      const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return { secretId: first.id, nonce, ciphertext, tag: cipher.getAuthTag() };
    },

    open({ secretId, nonce, ciphertext, tag }, place) {
      const where = `${place.table} ${place.row[0] ?? ''}`;
      const known = secrets.find(({ id }) => id === secretId);
      if (!known) {
        const remedy = 'Put it back into PARTNER_KEY_SECRETS, behind the first one.';
        throw new UnreadableSecret(`${where} is encrypted with the secret "${secretId}". ${remedy}`);
      }
      try {
        const decipher = createDecipheriv(ALGORITHM, known.secret, nonce, OPTIONS);
        decipher.setAAD(bound(secretId, place)).setAuthTag(tag);
        return decipher.update(ciphertext, undefined, 'utf8') + decipher.final('utf8');
      } catch {
        const remedy =
          'Look for what changed or copied the row, or give the secret of this id its former value.';
        throw new UnreadableSecret(`${where} cannot be decrypted with the secret "${secretId}". ${remedy}`);
      }
    },
  };
}

/** As JSON, in which two different places are never the same text. */
function bound(secretId: string, { table, column, row }: Place): Buffer {
  return Buffer.from(JSON.stringify([secretId, table, column, ...row]), 'utf8');
}
