/**
 * Fairing: whether an API key that an advertiser submitted opens its account, and what its survey asks. `GET /questions`
 * is asked because, unlike `GET /responses`, it holds nothing about shoppers.
 */
import { z } from 'zod';
import type { PartnerKeyAnswer } from '../program/partnerKey';
import { ThirdPartyError } from '../program/thirdPartyError';
import type { Http, HttpAnswer } from './http';
import { readJson } from './readJson';
import { unreachable } from './unreachable';

export interface FairingOptions {
  http: Http;
  /** Without a slash at the end: `https://app.fairing.co/api`. */
  baseUrl: string;
  /** The whole call. Default 20 s. */
  timeoutMs?: number;
}

export interface Fairing {
  surveyPartner: 'fairing';
  /** Throws ThirdPartyError when the question could not be answered; "invalid" is an answer. */
  check(apiKey: string): Promise<PartnerKeyAnswer>;
}

const questionList = z.object({
  data: z.array(
    z.object({
      prompt: z.string(),
      /** Null while it is a draft. */
      published_at: z.string().nullable(),
    }),
  ),
});

const MAX_BYTES = 4_000_000;
/** "100 requests a minute" for one store. */
const THROTTLED_FOR_MS = 60_000;

export function createFairing({ http, baseUrl, timeoutMs = 20_000 }: FairingOptions): Fairing {
  return {
    surveyPartner: 'fairing',

    async check(apiKey) {
      let answer: HttpAnswer;
      try {
        answer = await http.request({
          method: 'GET',
          url: `${baseUrl}/questions`,
          // The key itself: with "Bearer" before it, Fairing does not know it.
          headers: { authorization: apiKey, accept: 'application/json' },
          timeoutMs,
          maxBytes: MAX_BYTES,
        });
      } catch (error) {
        throw unreachable('fairing', error);
      }
      return readAnswer(answer);
    },
  };
}

/** Nothing that Fairing writes is repeated in an error: it could hold the key. */
function readAnswer({ status, body }: HttpAnswer): PartnerKeyAnswer {
  if (status === 401 || status === 403) return { outcome: 'invalid' };
  const error = (retryable: boolean, code: string, remedy: string, retryAfterMs?: number) =>
    new ThirdPartyError(
      'fairing',
      retryable,
      code,
      `Fairing answered /questions with HTTP ${status}. ${remedy}`,
      retryAfterMs,
    );
  if (status === 429)
    throw error(
      true,
      'THROTTLED',
      'It has been asked too often for this store; it passes.',
      THROTTLED_FOR_MS,
    );
  if (status >= 500) throw error(true, 'UNAVAILABLE', 'It may pass by itself.');
  // A wrong path, a redirect, a gateway that is not Fairing: no statement about the key.
  if (status !== 200) throw error(false, 'UNEXPECTED_STATUS', 'Check FAIRING_BASE_URL.');
  const read = readJson(questionList, body);
  if (!read) {
    const remedy = 'It is not a list of questions; check what answers at this address if it goes on.';
    throw error(true, 'UNREADABLE_ANSWER', remedy);
  }
  const published = read.data.filter(({ published_at }) => published_at !== null);
  return { outcome: 'valid', publishedPrompts: published.map(({ prompt }) => prompt) };
}
