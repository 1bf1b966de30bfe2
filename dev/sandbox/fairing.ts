/** Plays Fairing's API: which key it is given decides what its account holds. */
import { Router } from 'express';
import { spoil, type Faults } from './faults';

interface Question {
  id: number;
  prompt: string;
  type: 'single_response' | 'multi_response' | 'open_ended';
  customer_type: 'everyone' | 'new' | 'returning';
  frequency_type: 'always' | 'once';
  /** ISO 8601; null for a draft. */
  published_at: string | null;
}

const PUBLISHED_AT = '2023-09-18T14:03:11Z';

const ATTRIBUTION = question(101, 'How did you hear about us? (Pick the first one.)', PUBLISHED_AT);
const OTHER = question(102, 'What made you buy today?', PUBLISHED_AT);

/** Beginning of a key, then the questions of its account. Keys that begin otherwise are unknown or revoked. */
const ACCOUNTS: Record<string, Question[]> = {
  fk_valid_: [ATTRIBUTION, OTHER],
  // It has the template, and has not published it.
  fk_notemplate_: [{ ...ATTRIBUTION, published_at: null }, OTHER],
};

export function fairingRouter(faults: Faults): Router {
  const router = Router();

  router.get('/questions', (req, res) => {
    const key = req.get('authorization') ?? '';
    const fault = faults.arrive('fairing_questions', [key]);
    if (spoil(fault, req, res)) return;
    if (fault?.fault === 'throttle') {
      return void res.status(429).json({ error: fault.message ?? 'Too many requests' });
    }
    const account = Object.keys(ACCOUNTS).find((beginning) => key.startsWith(beginning));
    if (account === undefined) return void res.status(401).json({ error: 'Unauthorized' });
    res.json({ data: ACCOUNTS[account] });
  });

  return router;
}

function question(id: number, prompt: string, publishedAt: string): Question {
  return {
    id,
    prompt,
    type: 'single_response',
    customer_type: 'everyone',
    frequency_type: 'always',
    published_at: publishedAt,
  };
}
