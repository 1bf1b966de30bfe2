/**
 * Requests that are authenticated by their signature (Standard Webhooks), not by a key. An unknown partner, one without a
 * secret and a wrong signature are refused alike.
 */
import type { Request, RequestHandler, Response } from 'express';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { openActiveSecrets } from '../database/webhookSecrets';
import { readRawBody } from './bodies';
import type { ApiContext } from './context';
import { Problem } from './problem';
import { limitStrangers, type Limiters } from './rateLimits';
import { makeWebhookSecret } from './webhookSecret';

export interface SignedRequest {
  /** The webhook-id: what is sent again has it again. */
  id: string;
  /** The body, to the byte. */
  text: string;
}

const HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

/** Afterwards the principal is the survey partner that the path names. */
export function readSigned(context: ApiContext, limiters: Limiters): RequestHandler[] {
  return [
    // What cannot be signed sends nothing into memory.
    limitStrangers(limiters, (request) => Promise.resolve().then(() => void headersOf(request))),
    readRawBody,
    limitStrangers(limiters, (request, response) => authenticate(context, request, response)),
  ];
}

export function signedOf(response: Response): SignedRequest {
  return response.locals['signed'] as SignedRequest;
}

async function authenticate(
  { database, keyring }: ApiContext,
  request: Request,
  response: Response,
): Promise<void> {
  const headers = headersOf(request);
  const surveyPartner = request.params['surveyPartner'] as string;
  const text = textOf(request.body);
  const secrets = /^[\w-]{1,64}$/.test(surveyPartner)
    ? await openActiveSecrets(database.pool, keyring, { surveyPartner })
    : [];
  // Without a secret as much is computed as with one.
  const tried = secrets.length > 0 ? secrets : [makeWebhookSecret()];
  const signed = tried.find(({ secret }) => text !== undefined && isSignedWith(secret, text, headers));
  if (!signed || text === undefined) throw notSigned();
  response.locals['signed'] = { id: headers['webhook-id'], text } satisfies SignedRequest;
  response.locals['principal'] = {
    role: 'partner',
    id: surveyPartner,
    surveyPartner,
    keyId: `webhook:${signed.webhookSecretId}`,
    testClocksOnly: false,
  };
}

/** Within five minutes of its timestamp; compared in constant time. */
function isSignedWith(secret: string, text: string, headers: Record<string, string>): boolean {
  try {
    new Webhook(secret).verify(text, headers, { jsonParse: false });
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}

function headersOf(request: Request): Record<(typeof HEADERS)[number], string> {
  const [id = '', timestamp = '', signature = ''] = HEADERS.map((name) => request.get(name));
  if (!/^[\x21-\x7e]{1,255}$/.test(id) || !/^\d{1,12}$/.test(timestamp) || !/^v1,/.test(signature))
    throw notSigned();
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
}

/** Undefined for what is no UTF-8: the library would sign another text instead. */
function textOf(body: unknown): string | undefined {
  if (!Buffer.isBuffer(body)) return '';
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}

function notSigned(): Problem {
  return new Problem('UNAUTHENTICATED', 'Send a webhook of a known survey partner with a valid signature.');
}
