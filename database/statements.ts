/** Credit statements: inputs and outcome of each calculation. Rows are never changed. */
import type { SealedStatement } from '../program/creditStatement';
import { firstRow, type Queryable } from './pool';

export async function insertStatement(db: Queryable, statement: SealedStatement): Promise<void> {
  await db.query(
    `insert into credit_statement (statement_id, enrollment_id, calculation_month, program_revision, document)
     values ($1, $2, $3, $4, $5)`,
    [
      statement.statementId,
      statement.enrollmentId,
      statement.calculationMonth,
      statement.input.programRevision,
      JSON.stringify(statement),
    ],
  );
}

export async function findStatement(
  db: Queryable,
  statementId: string,
): Promise<SealedStatement | undefined> {
  const result = await db.query(`select document from credit_statement where statement_id = $1`, [
    statementId,
  ]);
  return firstRow<{ document: SealedStatement }>(result)?.document;
}
