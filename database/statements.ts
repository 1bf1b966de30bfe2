/** Credit statements: inputs and outcome of each calculation. Rows are never changed. */
import type { AdAccount, SpendRow } from '../program/adAccount';
import type { CreditResult } from '../program/credit';
import { firstRow, type Queryable } from './pool';

export interface CreditStatement {
  statementId: string;
  enrollmentId: string;
  calculationMonth: string;
  programRevision: number;
  engineVersion: number;
  /** Epoch ms, program clock. */
  spendAsOf: number;
  account: AdAccount;
  rows: SpendRow[];
  result: CreditResult;
}

export interface ReadStatement {
  result: CreditResult;
  /** On the program's clock. */
  spendAsOf: Date;
}

export async function insertStatement(db: Queryable, statement: CreditStatement): Promise<void> {
  await db.query(
    `insert into credit_statement (statement_id, enrollment_id, calculation_month, program_revision, engine_version,
       spend_as_of, account, spend_rows, result)
     values ($1, $2, $3, $4, $5, to_timestamp($6 / 1000.0), $7, $8, $9)`,
    [
      statement.statementId,
      statement.enrollmentId,
      statement.calculationMonth,
      statement.programRevision,
      statement.engineVersion,
      statement.spendAsOf,
      JSON.stringify(statement.account),
      JSON.stringify(statement.rows),
      JSON.stringify(statement.result),
    ],
  );
}

export async function findStatement(db: Queryable, statementId: string): Promise<ReadStatement | undefined> {
  return firstRow(
    await db.query(
      `select result, spend_as_of as "spendAsOf" from credit_statement where statement_id = $1`,
      [statementId],
    ),
  );
}
