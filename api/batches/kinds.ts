/** What a batch can be of. */
import type { BatchKind } from '../../database/batches';
import { imported } from '../imports/carryOut';
import { deferrals } from './deferrals';
import type { KindOfBatch } from './kind';
import { partnerWords } from './partnerWords';

export const KINDS = {
  enrollments: imported,
  partner_confirmations: partnerWords,
  deferrals,
} as Record<BatchKind, KindOfBatch>;
