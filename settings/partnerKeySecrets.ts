/**
 * PARTNER_KEY_SECRETS: with what the API keys that advertisers submit are encrypted in PostgreSQL. The first secret
 * writes, all of them read: a new one is put before the old ones, which stay for as long as rows name them.
 */
import { z } from 'zod';

export interface PartnerKeySecret {
  /** Stored with what it encrypts. */
  id: string;
  /** 32 bytes. */
  secret: Buffer;
}

/** What the secret that `npm start` and compose use begins with: known to everybody who reads this repository. */
const DEVELOPMENT_SECRET_PREFIX = 'pps_dev_';

/** A letter first: an object's members that look like numbers would not keep the order in which they are written. */
const ID = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
const BASE64_OF_32_BYTES = /^[A-Za-z0-9+/]{43}=$/;

/** One message for the whole, without the place of a mistake: it could print a secret that stands where an id should. */
const MALFORMED =
  'must be a JSON object {"<id>":"<32 random bytes in base64>"}, the secret to write with first; an id begins with a letter';

export const partnerKeySecrets = z.string().transform((text, context): PartnerKeySecret[] => {
  const given = membersOf(text);
  const isUsable =
    given.length > 0 &&
    given.every(
      ([id, secret]) => ID.test(id) && typeof secret === 'string' && BASE64_OF_32_BYTES.test(secret),
    );
  if (!isUsable) {
    context.addIssue(MALFORMED);
    return z.NEVER;
  }
  return given.map(([id, secret]) => ({ id, secret: Buffer.from(secret as string, 'base64') }));
});

/** The reason why these secrets are not for production; false if they are. */
export function developmentSecrets(secrets: readonly PartnerKeySecret[]): string | false {
  return (
    secrets.some(({ secret }) => secret.toString('latin1').startsWith(DEVELOPMENT_SECRET_PREFIX)) &&
    'PARTNER_KEY_SECRETS holds the development secret: make your own with "openssl rand -base64 32".'
  );
}

function membersOf(text: string): [string, unknown][] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? Object.entries(value) : [];
  } catch {
    return [];
  }
}
