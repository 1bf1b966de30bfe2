/** What a kind of batch has to say: how an item of it is carried out. */
import type { ItemResult } from '../../database/batches';
import type { Queryable } from '../../database/pool';
import type { Principal } from '../authentication';
import type { ApiContext, MessageIdentity } from '../context';
import type { OperationId } from '../policy';

export interface Item<Content> extends MessageIdentity {
  batchId: string;
  position: number;
  principal: Principal;
  content: Content;
}

/** Stores the result of an item, and what goes with it, in one transaction. Undefined if it has a result already. */
export type Settle = (db: Queryable) => Promise<ItemResult | undefined>;

export interface KindOfBatch<Content = unknown> {
  /** The operation that an item is, for the audit. */
  operation(content: Content): OperationId;
  /** So many side by side in a process; of all kinds fewer than the connections to PostgreSQL, most of which are for requests. */
  atOnce: number;
  /** How many items may be carried out now, at most `most`. */
  turns(context: ApiContext, most: number): Promise<number>;
  /** A Problem below 500 is its result; whatever else it throws, or Settle does, is tried again. */
  carryOut(context: ApiContext, item: Item<Content>): Promise<ItemResult | Settle>;
}
