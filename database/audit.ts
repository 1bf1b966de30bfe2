/**
 * The audit: an append-only table of chains. The database sets place, time and hashes (migration 0001); this is what is
 * written, read and checked.
 */
import { createHash } from 'node:crypto';
import { inScope, type Scope } from './enrollments';
import type { Queryable } from './pool';

/** The chain of all that belongs to no enrollment. */
const SERVICE_CHAIN = 'service';

export interface AuditEntry {
  /** `requested`: before anything is done. `answered`: what came of it. `refused`: nothing was begun. */
  event: 'requested' | 'answered' | 'refused';
  actor: { role: string; id: string };
  keyId: string;
  operation: string;
  /** Of the path. */
  params: Record<string, string>;
  /** Of the answer. */
  status?: number;
  code?: string;
  /** What the answer is about, where the path does not say it. */
  about?: Record<string, string>;
  address: string;
  requestId: string;
  /** Of a write: joins request, answer, and the rows that it wrote. */
  messageId?: string;
}

export interface AuditRow extends AuditEntry {
  position: number;
  at: Date;
  hash: string;
}

/** To the chain of the enrollment; without one, or if there is none of that id, to the service's. */
export async function appendAudit(
  db: Queryable,
  enrollmentId: string | undefined,
  entry: AuditEntry,
): Promise<void> {
  await db.query(
    `insert into audit_entry (chain, entry)
     values (coalesce((select enrollment_id from enrollment where enrollment_id = $1), '${SERVICE_CHAIN}'), $2)`,
    [enrollmentId ?? null, JSON.stringify(entry)],
  );
}

export interface AuditPage {
  limit: number;
  /** The position of the last entry of the page before. */
  after: number;
}

/** Of an enrollment, oldest first. */
export function readAudit(
  db: Queryable,
  scope: Scope,
  enrollmentId: string,
  page: AuditPage,
): Promise<AuditRow[]> {
  const visible = inScope(scope, 4);
  const isVisible = `exists (select from enrollment e where e.enrollment_id = chain and ${visible.sql})`;
  return readChain(db, enrollmentId, page, isVisible, visible.values);
}

/** Of all that belongs to no enrollment, oldest first. */
export function readServiceAudit(db: Queryable, page: AuditPage): Promise<AuditRow[]> {
  return readChain(db, SERVICE_CHAIN, page, 'true', []);
}

async function readChain(
  db: Queryable,
  chain: string,
  { limit, after }: AuditPage,
  isVisible: string,
  values: readonly string[],
): Promise<AuditRow[]> {
  const result = await db.query(
    `select position, recorded_at as at, encode(hash, 'hex') as hash, entry
       from audit_entry where chain = $1 and position > $2 and ${isVisible} order by position limit $3`,
    [chain, after, limit, ...values],
  );
  const rows = result.rows as { position: number; at: Date; hash: string; entry: AuditEntry }[];
  return rows.map(({ entry, ...place }) => ({ ...entry, ...place }));
}

interface Link {
  chain: string;
  position: number;
  /** As it was hashed. */
  recordedAt: string;
  entry: string;
  previousHash: string;
  hash: string;
}

export interface Head {
  chain: string;
  position: number;
  hash: string;
}

/** The first row that is not as it was written, with the reason. */
export interface Break {
  chain: string;
  position: number;
  reason: string;
}

export interface Verified {
  entries: number;
  heads: Head[];
  broken: Break | null;
}

const GENESIS = '00'.repeat(32);
const PAGE = 1_000;

/**
 * Checks every chain, in the order of chain and position. `known` are heads that an earlier check has found: they must be
 * there still. Call it inside a transaction of isolation "repeatable read".
 */
export async function verifyAudit(db: Queryable, known: readonly Head[] = []): Promise<Verified> {
  const heads = await readHeads(db);
  const unseen = new Map(heads.map((head) => [head.chain, head]));
  const remembered = new Map(known.map((head) => [`${head.chain} ${head.position}`, head]));
  let entries = 0;
  let before: Link | undefined;
  for (;;) {
    const page = await readLinks(db, before);
    for (const link of page) {
      const isNewChain = link.chain !== before?.chain;
      const cut = isNewChain && before ? missingTail(before, unseen) : null;
      const found = cut ?? breakOf(link, isNewChain ? undefined : before, remembered);
      if (found) return { entries, heads, broken: found };
      remembered.delete(`${link.chain} ${link.position}`);
      before = link;
      entries += 1;
    }
    if (page.length < PAGE) break;
  }
  const broken =
    (before && missingTail(before, unseen)) ?? missing(unseen.values()) ?? missing(remembered.values());
  return { entries, heads, broken };
}

async function readHeads(db: Queryable): Promise<Head[]> {
  const heads: Head[] = [];
  for (;;) {
    const { rows } = await db.query(
      `select chain, position, encode(hash, 'hex') as hash from audit_head
        where chain > $1 order by chain limit ${PAGE}`,
      [heads.at(-1)?.chain ?? ''],
    );
    heads.push(...(rows as Head[]));
    if (rows.length < PAGE) return heads;
  }
}

async function readLinks(db: Queryable, after: Link | undefined): Promise<Link[]> {
  const result = await db.query(
    `select chain, position, to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "recordedAt",
            entry::text as entry, encode(previous_hash, 'hex') as "previousHash", encode(hash, 'hex') as hash
       from audit_entry where (chain, position) > ($1, $2) order by chain, position limit ${PAGE}`,
    [after?.chain ?? '', after?.position ?? 0],
  );
  return result.rows as Link[];
}

function breakOf(link: Link, before: Link | undefined, remembered: Map<string, Head>): Break | null {
  const { chain, position, recordedAt, entry, previousHash, hash } = link;
  const expected = (before?.position ?? 0) + 1;
  if (position !== expected) return { chain, position: expected, reason: 'it is missing' };
  if (previousHash !== (before?.hash ?? GENESIS))
    return { chain, position, reason: 'it does not follow the entry before it' };
  const content = [previousHash, chain, String(position), recordedAt, entry].join('\n');
  if (createHash('sha256').update(content).digest('hex') !== hash)
    return { chain, position, reason: 'it was changed' };
  const known = remembered.get(`${chain} ${position}`);
  return known && known.hash !== hash
    ? { chain, position, reason: 'it is another one than at the earlier check' }
    : null;
}

/** Of the chain that ends here; takes its head off the list. */
function missingTail({ chain, position, hash }: Link, unseen: Map<string, Head>): Break | null {
  const head = unseen.get(chain);
  unseen.delete(chain);
  if (head?.position === position && head.hash === hash) return null;
  return {
    chain,
    position: position + 1,
    reason: head
      ? `it is missing: the chain ended at ${head.position}`
      : 'the chain has no end: its row of audit_head is missing',
  };
}

function missing(heads: Iterable<Head>): Break | null {
  for (const { chain, position } of heads)
    return { chain, position, reason: 'it is missing, and all after it' };
  return null;
}
