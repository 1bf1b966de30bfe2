/** Credit statements: inputs and outcome of each calculation. Rows are never changed. */
import type { SealedStatement } from '../program/creditStatement';
import { inScope, type Scope } from './enrollments';
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
  scope: Scope,
  statementId: string,
): Promise<SealedStatement | undefined> {
  const visible = inScope(scope, 2);
  const result = await db.query(
    `select document from credit_statement join enrollment e using (enrollment_id)
      where statement_id = $1 and ${visible.sql}`,
    [statementId, ...visible.values],
  );
  return firstRow<{ document: SealedStatement }>(result)?.document;
}
