/** What is told of a standing confirmation that ended without being applied. */
import type { ItemResult } from '../../database/batches';
import { statusOf, type ProblemCode } from '../problemCodes';

type Ended = ItemResult & { code: ProblemCode };

export const REPLACED = {
  status: statusOf('CONFIRMATION_REPLACED'),
  code: 'CONFIRMATION_REPLACED',
  detail: 'A later word of the survey partner on this brand took its place.',
} as const satisfies Ended;

export const EXPIRED = {
  status: statusOf('CONFIRMATION_EXPIRED'),
  code: 'CONFIRMATION_EXPIRED',
  detail: 'The brand did not enroll with this survey partner and ad account within 90 days.',
} as const satisfies Ended;
