/**
 * What an API key looks like: `pps_live_<id>_<secret><checksum>`. People and secret scanners know it by its prefix, its row
 * is found by its id, and by the checksum a key that was cut or mistyped is refused without asking the database.
 */
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

export interface KeyParts {
  keyId: string;
  /** `pps_test_`: for programs on test clocks only. */
  forTestClocks: boolean;
  /** SHA-256 of the whole key, so that neither prefix nor id can be exchanged. */
  hash: Buffer;
}

/** What the setting API_KEYS may not use: such keys are looked for in PostgreSQL. */
export const STORED_KEY = /^pps_(live|test)_/;

const SECRET_BYTES = 32;
/** 62^43 is more than 2^256, 62^6 more than 2^32. */
const KEY = /^(pps_(live|test)_([0-9a-f]{16})_[0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

/** A new key; its text is nowhere else. */
export function makeKey(forTestClocks: boolean): KeyParts & { key: string } {
  const id = randomBytes(8).toString('hex');
  const secret = base62(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), 43);
  const text = `pps_${forTestClocks ? 'test' : 'live'}_${id}_${secret}`;
  const key = text + checksumOf(text);
  return { key, ...readKey(key)! };
}

/** Undefined for what cannot be a key. */
export function readKey(key: string): KeyParts | undefined {
  const [, text = '', prefix, id, checksum] = KEY.exec(key) ?? [];
  if (checksum === undefined || checksum !== checksumOf(text)) return undefined;
  return { keyId: `apk_${id}`, forTestClocks: prefix === 'test', hash: hashOf(key) };
}

export function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function checksumOf(text: string): string {
  return base62(BigInt(crc32(text)), 6);
}

/** Letters and digits only: a double click selects the whole key. */
function base62(value: bigint, length: number): string {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = digits[Number(rest % 62n)]! + text;
  return text;
}
