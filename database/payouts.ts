/**
 * Payout rows. Each transition is a conditional write, and the number of rows that it changed is the permission to go on:
 * frozen -> submitting (once, before the only call) -> pending | unknown | paid | refused; frozen -> void.
 */
import type { PayoutRequest, PayoutState } from '../program/payout';
import { firstRow, violates, type Queryable } from './pool';

export interface PayoutRow {
  payoutKey: string;
  enrollmentId: string;
  state: PayoutState;
  rail: string;
  request: PayoutRequest;
  requestHash: string;
  statementId: string;
  railPaymentId: string | null;
  submittedAt: Date | null;
}

const COLUMNS = `payout_key as "payoutKey", enrollment_id as "enrollmentId", state, rail, request,
  request_hash as "requestHash", statement_id as "statementId", rail_payment_id as "railPaymentId", submitted_at as "submittedAt"`;

/** The enrollment's live credit, if it has one. */
export async function liveCredit(db: Queryable, enrollmentId: string): Promise<PayoutRow | undefined> {
  return firstRow<PayoutRow>(
    await db.query(
      `select ${COLUMNS} from payout
        where enrollment_id = $1 and kind = 'credit' and state not in ('refused', 'void')`,
      [enrollmentId],
    ),
  );
}

/** A credit that the rail refused: until a person has decided on it, nothing else is paid for the enrollment. */
export async function refusedCredit(db: Queryable, enrollmentId: string): Promise<PayoutRow | undefined> {
  return firstRow<PayoutRow>(
    await db.query(
      `select ${COLUMNS} from payout where enrollment_id = $1 and kind = 'credit' and state = 'refused'`,
      [enrollmentId],
    ),
  );
}

/** How many credits of this enrollment were refused or voided: the number in the next payout key. */
export async function countDeadCredits(db: Queryable, enrollmentId: string): Promise<number> {
  const row = firstRow<{ count: number }>(
    await db.query(
      `select count(*)::int as count from payout
        where enrollment_id = $1 and kind = 'credit' and state in ('refused', 'void')`,
      [enrollmentId],
    ),
  );
  return row!.count;
}

export async function findPayout(db: Queryable, payoutKey: string): Promise<PayoutRow | undefined> {
  return firstRow<PayoutRow>(
    await db.query(`select ${COLUMNS} from payout where payout_key = $1`, [payoutKey]),
  );
}

/** Whether this workflow pays the credit of this statement for the enrollment `e`, by the read model; both are SQL. */
const pays = (workflowId: string, statementId: string) =>
  `e.workflow_id = ${workflowId} and e.superseded_by is null and e.state->>'stage' = 'paying'
          and e.state#>>'{credit,statementId}' = ${statementId}`;

/**
 * Freezes a request; false when another live credit of the enrollment exists (somebody was quicker), when the read model
 * is another workflow's or does not say that it is being paid, or when its brand has a later enrollment, which was made
 * because nothing was paid for this one. An attempt of a run before a reset knows less than the read model: what is held,
 * withdrawn or not approved there is not paid. The lock keeps these apart.
 */
export async function insertFrozen(
  db: Queryable,
  payout: {
    request: PayoutRequest;
    requestHash: string;
    enrollmentId: string;
    workflowId: string;
    rail: string;
    statementId: string;
  },
): Promise<boolean> {
  try {
    const result = await db.query(
      `insert into payout (payout_key, enrollment_id, kind, rail, request, request_hash, statement_id)
       select $1, enrollment_id, 'credit', $3, $4, $5, $6
         from enrollment e
        where enrollment_id = $2 and ${pays('$7', '$6')}
          for key share`,
      [
        payout.request.reference,
        payout.enrollmentId,
        payout.rail,
        JSON.stringify(payout.request),
        payout.requestHash,
        payout.statementId,
        payout.workflowId,
      ],
    );
    return result.rowCount === 1;
  } catch (error) {
    if (violates(error, 'payout_one_live_credit') || violates(error, 'payout_pkey')) return false;
    throw error;
  }
}

export async function writeBaseline(db: Queryable, payoutKey: string, baseline: unknown): Promise<void> {
  await db.query(`update payout set baseline = $2 where payout_key = $1 and state = 'frozen'`, [
    payoutKey,
    JSON.stringify(baseline),
  ]);
}

/** The permission to call the rail: true for exactly one caller, ever. Committed before it returns. */
export async function takeForSubmission(
  db: Queryable,
  payoutKey: string,
  workflowId: string,
): Promise<boolean> {
  const result = await db.query(
    `with paying as (
       select e.enrollment_id
         from enrollment e join payout q on q.enrollment_id = e.enrollment_id
        where q.payout_key = $1 and ${pays('$2', 'q.statement_id')}
          for key share of e)
     update payout p set state = 'submitting', attempt = attempt + 1, submitted_at = now()
       from paying
      where p.payout_key = $1 and p.state = 'frozen' and p.enrollment_id = paying.enrollment_id`,
    [payoutKey, workflowId],
  );
  return result.rowCount === 1;
}

/** A frozen payout that must not be made: true if it was still frozen. */
export async function voidFrozen(db: Queryable, payoutKey: string): Promise<boolean> {
  const result = await db.query(
    `update payout set state = 'void', settled_at = now() where payout_key = $1 and state = 'frozen'`,
    [payoutKey],
  );
  return result.rowCount === 1;
}

/** Books what is known; a payout that is already decided keeps its outcome. Returns the row as it is then. */
export async function bookOutcome(
  db: Queryable,
  payoutKey: string,
  known: {
    state: 'pending' | 'unknown' | 'paid' | 'refused';
    railPaymentId: string | null;
    evidence: string | null;
  },
): Promise<PayoutRow> {
  const decided = known.state === 'paid' || known.state === 'refused';
  await db.query(
    `update payout
        set state = $2::payout_state, rail_payment_id = coalesce($3, rail_payment_id), evidence = $4,
            settled_at = case when $5 then now() else settled_at end
      where payout_key = $1 and state in ('submitting', 'pending', 'unknown')`,
    [payoutKey, known.state, known.railPaymentId, known.evidence, decided],
  );
  const row = await findPayout(db, payoutKey);
  if (!row) throw new Error(`There is no payout ${payoutKey}.`);
  return row;
}
