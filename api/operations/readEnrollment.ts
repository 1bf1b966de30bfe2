/** What is read of one enrollment. All of it throws a 404 unless the enrollment exists and is in the key's scope. */
import { findEnrollment, type EnrollmentRow } from '../../database/enrollments';
import { findStatement } from '../../database/statements';
import { readTimeline, type TimelineRow } from '../../database/timeline';
import type { SealedStatement } from '../../program/creditStatement';
import { explain, type Explanation } from '../../program/explain';
import { statusOf, type EnrollmentStatus } from '../../program/status';
import { scopeOf, type Principal } from '../authentication';
import type { ApiContext } from '../context';
import { notFound } from '../problem';

export async function readEnrollment(
  { database }: ApiContext,
  principal: Principal,
  enrollmentId: string,
): Promise<EnrollmentRow> {
  const row = await findEnrollment(database.pool, scopeOf(principal), enrollmentId);
  if (!row) throw notFound('enrollment');
  return row;
}

/** With the statement of its credit, if it has one. */
export async function readWithStatement(
  context: ApiContext,
  principal: Principal,
  enrollmentId: string,
): Promise<{ row: EnrollmentRow; statement: SealedStatement | undefined }> {
  const row = await readEnrollment(context, principal, enrollmentId);
  const { credit } = row.state;
  const statement =
    credit && (await findStatement(context.database.pool, scopeOf(principal), credit.statementId));
  return { row, statement: statement ?? undefined };
}

export async function creditStatementOf(
  context: ApiContext,
  principal: Principal,
  enrollmentId: string,
): Promise<SealedStatement> {
  const { statement } = await readWithStatement(context, principal, enrollmentId);
  if (!statement) throw notFound('credit statement');
  return statement;
}

export async function timelineOf(
  context: ApiContext,
  principal: Principal,
  enrollmentId: string,
): Promise<TimelineRow[]> {
  await readEnrollment(context, principal, enrollmentId);
  return readTimeline(context.database.pool, scopeOf(principal), enrollmentId);
}

export async function explanationOf(
  context: ApiContext,
  principal: Principal,
  enrollmentId: string,
): Promise<{ status: EnrollmentStatus } & Explanation> {
  const { state } = await readEnrollment(context, principal, enrollmentId);
  return { status: statusOf(state), ...explain(state) };
}
