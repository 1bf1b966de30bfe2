/** What a batch can be of: how an item of each kind is carried out. */
import type { BatchKind, ItemResult } from '../../database/batches';
import type { Queryable } from '../../database/pool';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { imported } from '../imports/carryOut';
import type { OperationId } from '../policy';
import { deferrals } from './deferrals';
import { partnerWords } from './partnerWords';

export interface Item<Content> extends MessageIdentity {
  batchId: string;
  position: number;
  principal: Principal;
  content: Content;
}

/** What came of an item; `finish` notes it where that is more than a result, and is false if another has noted one. */
export interface Outcome extends ItemResult {
  finish?: (db: Queryable) => Promise<boolean>;
}

export interface KindOfBatch<Content = unknown> {
  /** The operation that an item is, for the audit. */
  operation(content: Content): OperationId;
  /** How many items may be carried out now, at most `most`. */
  turns(context: ApiContext, most: number): Promise<number>;
  /** A Problem below 500 is its result; whatever else it throws is tried again. */
  carryOut(context: ApiContext, item: Item<Content>): Promise<Outcome>;
}

export const KINDS = {
  enrollments: imported,
  partner_confirmations: partnerWords,
  deferrals,
} as Record<BatchKind, KindOfBatch>;
