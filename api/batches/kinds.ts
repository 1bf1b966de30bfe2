/** What a batch can be of: how an item of each kind is carried out. */
import type { BatchKind, ItemResult } from '../../database/batches';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import { imported } from '../imports/carryOut';
import type { OperationId } from '../policy';

export interface Item<Content> extends MessageIdentity {
  batchId: string;
  position: number;
  principal: Principal;
  content: Content;
}

export interface KindOfBatch<Content = unknown> {
  /** The operation that an item is, for the audit. */
  operation: OperationId;
  /** How many items may be carried out now, at most `most`. */
  turns(context: ApiContext, most: number): Promise<number>;
  /** A Problem below 500 is its result; whatever else it throws is tried again. */
  carryOut(context: ApiContext, item: Item<Content>): Promise<ItemResult>;
}

export const KINDS = { enrollments: imported } as Record<BatchKind, KindOfBatch>;
