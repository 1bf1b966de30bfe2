/** One GET to TikTok's Business API: transport, rate and envelope. What the code means is the callers' business. */
import { z } from 'zod';
import { ThirdPartyError } from '../program/thirdPartyError';
import type { Http, HttpAnswer } from './http';
import { readJson } from './readJson';
import { throttled, type Refusal } from './tiktokCodes';
import { createTokenBucket } from './tokenBucket';
import { unreachable } from './unreachable';

export interface TikTokOptions {
  http: Http;
  /** With the version, without a slash at the end: `https://business-api.tiktok.com/open_api/v1.3`. */
  baseUrl: string;
  accessToken: string;
  /** This process's share of the app's limit; the basic tier has 10/s and 600/min in all. Default 5. */
  ratePerSecond?: number;
  /** The whole call. Default 20 s. */
  timeoutMs?: number;
}

interface TikTokAnswer extends Refusal {
  data: unknown;
}

/** Resolves with any readable envelope, whatever its code; throws ThirdPartyError for everything else. */
export type TikTokCall = (path: string, parameters: Record<string, string>) => Promise<TikTokAnswer>;

/** Nothing waits longer for the bucket than an activity can stand; the queue of retries is a better place to wait. */
const MAX_WAIT_MS = 10_000;
const MAX_BYTES = 4_000_000;

const envelope = z.object({
  code: z.number().int(),
  message: z.string().default(''),
  request_id: z.string().optional(),
  data: z.unknown(),
});

export function createTikTokCall(options: TikTokOptions): TikTokCall {
  const { http, baseUrl, accessToken, ratePerSecond = 5, timeoutMs = 20_000 } = options;
  const bucket = createTokenBucket(ratePerSecond, MAX_WAIT_MS);

  return async (path, parameters) => {
    if (!(await bucket.take())) {
      const message = `More than ${ratePerSecond} requests per second are waiting for TikTok.`;
      throw new ThirdPartyError('tiktok', true, 'THROTTLED', message, MAX_WAIT_MS);
    }
    const url = `${baseUrl}${path}?${new URLSearchParams(parameters).toString()}`;
    let answer: HttpAnswer;
    try {
      answer = await http.request({
        method: 'GET',
        url,
        headers: { 'access-token': accessToken },
        timeoutMs,
        maxBytes: MAX_BYTES,
      });
    } catch (error) {
      throw unreachable('tiktok', error);
    }
    return readAnswer(path, answer, accessToken);
  };
}

function readAnswer(path: string, { status, headers, body }: HttpAnswer, accessToken: string): TikTokAnswer {
  const logId = printable(String(headers['x-tt-logid'] ?? ''), accessToken);
  const trace = logId === '' ? '' : `, log id ${logId}`;
  const answered = `TikTok answered ${path} with HTTP ${status}${trace}`;
  if (status === 429) throw throttled(answered);
  if (status >= 500)
    throw new ThirdPartyError('tiktok', true, 'UNAVAILABLE', `${answered}. It may pass by itself.`);
  // A wrong path, a redirect, a gateway that is not TikTok: the API itself always answers 200.
  if (status !== 200) {
    throw new ThirdPartyError(
      'tiktok',
      false,
      'UNEXPECTED_STATUS',
      `${answered}. Check the base URL of TikTok.`,
    );
  }
  const read = readJson(envelope, body);
  if (!read) {
    const message = `${answered}, but not in its format. Check what answers at this address if it goes on.`;
    throw new ThirdPartyError('tiktok', true, 'UNREADABLE_ANSWER', message);
  }
  const text = printable(read.message, accessToken);
  const request = read.request_id === undefined ? '' : `, request ${printable(read.request_id, accessToken)}`;
  return {
    code: read.code,
    data: read.data,
    said: `TikTok answered ${read.code} "${text}"${request}${trace}`,
  };
}

/** Words of the peer, fit for logs and evidence: short, one line, without the token. */
function printable(text: string, accessToken: string): string {
  return text
    .replaceAll(accessToken || '***', '***')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, 200);
}
