/** Enrollments: the row that makes a brand unique, and reads of the read model. */
import type { EnrollmentState } from '../program/enrollmentState';
import { listColumns } from './listColumns';
import { firstRow, type Queryable } from './pool';

export interface EnrollmentRow {
  enrollmentId: string;
  programId: string;
  brandKey: string;
  workflowId: string;
  owner: string;
  surveyPartner: string;
  createdAt: Date;
  /** When the row was last written, whatever for. */
  updatedAt: Date;
  startedAt: Date | null;
  /** The brand's later enrollment, if it has one. */
  supersededBy: string | null;
  sequence: number;
  state: EnrollmentState;
  /** From the current submission. */
  brandName: string;
  externalId: string | null;
  /** Last characters of the survey partner's API key that the current submission names; null if it names none. */
  partnerKeyLastFour: string | null;
  /** When its personal data were erased. */
  erasedAt: Date | null;
}

/** Whose enrollments a reader may see; it is part of every query, so others' enrollments do not exist for it. */
export type Scope = (
  { kind: 'all' } | { kind: 'owner'; owner: string } | { kind: 'partner'; surveyPartner: string }
) & {
  /** Of programs on test clocks only. */
  testClocksOnly?: boolean;
};

/** An enrollment `e` as EnrollmentRow, with what belongs to its current submission. */
export const ROW = `e.enrollment_id as "enrollmentId", e.program_id as "programId", e.brand_key as "brandKey",
    e.workflow_id as "workflowId", e.owner, e.survey_partner as "surveyPartner", e.created_at as "createdAt",
    e.updated_at as "updatedAt", e.started_at as "startedAt", e.superseded_by as "supersededBy", e.sequence, e.state,
    coalesce(s.brand_name, e.brand_key) as "brandName", s.external_id as "externalId", k.last_four as "partnerKeyLastFour",
    e.erased_at as "erasedAt"`;
export const WITH_SUBMISSION = `left join submission s on s.submission_id = e.state #>> '{submission,id}'
    left join partner_key k on k.partner_key_id = e.state #>> '{submission,partnerKeyId}' and k.enrollment_id = e.enrollment_id`;
const SELECT = `select ${ROW} from enrollment e ${WITH_SUBMISSION}`;

/** True when inserted; false when the brand has a live enrollment in this program already. */
export async function insertEnrollment(
  db: Queryable,
  enrollment: Pick<EnrollmentRow, 'enrollmentId' | 'brandKey' | 'workflowId' | 'owner' | 'state'>,
): Promise<boolean> {
  const { enrollmentId, brandKey, workflowId, owner, state } = enrollment;
  const list = listColumns(state);
  const result = await db.query(
    `insert into enrollment (enrollment_id, program_id, brand_key, workflow_id, owner, state, survey_partner, status,
       calculation_month, waiting_for, reason_codes)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     -- Of any unique index: with one named, a rival that is just writing to another one (workflow_id) is an error.
     on conflict do nothing`,
    [
      enrollmentId,
      state.programId,
      brandKey,
      workflowId,
      owner,
      JSON.stringify(state),
      list.surveyPartner,
      list.status,
      list.calculationMonth,
      list.waitingFor,
      list.reasonCodes,
    ],
  );
  return result.rowCount === 1;
}

/** The one that holds the brand: no other has superseded it. */
export async function latestEnrollmentOfBrand(
  db: Queryable,
  programId: string,
  brandKey: string,
): Promise<EnrollmentRow | undefined> {
  const result = await db.query(
    `${SELECT} where e.program_id = $1 and e.brand_key = $2 and e.superseded_by is null`,
    [programId, brandKey],
  );
  return firstRow<EnrollmentRow>(result);
}

/** Those that hold a brand, in any program. */
export async function liveEnrollmentsOfBrand(
  db: Queryable,
  scope: Scope,
  brandKey: string,
): Promise<EnrollmentRow[]> {
  const visible = inScope(scope, 2);
  const result = await db.query(
    `${SELECT} where e.brand_key = $1 and e.superseded_by is null and ${visible.sql}`,
    [brandKey, ...visible.values],
  );
  return result.rows as EnrollmentRow[];
}

/**
 * Those that were ever sent with a contact's e-mail address, in capitals or not. At most `limit`, ended ones first: they are
 * what can be erased.
 */
export async function enrollmentsOfContact(
  db: Queryable,
  scope: Scope,
  contactEmail: string,
  limit: number,
): Promise<EnrollmentRow[]> {
  const visible = inScope(scope, 3);
  const result = await db.query(
    `${SELECT} where e.enrollment_id in (select enrollment_id from submission where lower(contact_email) = lower($1))
        and ${visible.sql}
      order by e.state->'ending' = 'null'::jsonb, e.enrollment_id limit $2`,
    [contactEmail, limit, ...visible.values],
  );
  return result.rows as EnrollmentRow[];
}

export async function findEnrollment(
  db: Queryable,
  scope: Scope,
  enrollmentId: string,
): Promise<EnrollmentRow | undefined> {
  const visible = inScope(scope, 2);
  const result = await db.query(`${SELECT} where e.enrollment_id = $1 and ${visible.sql}`, [
    enrollmentId,
    ...visible.values,
  ]);
  return firstRow<EnrollmentRow>(result);
}

/** Temporal has acknowledged the start: nothing is left to do for the outbox. */
export async function markStarted(db: Queryable, enrollmentId: string, workflowId: string): Promise<void> {
  await db.query(
    `with started as (update enrollment set started_at = coalesce(started_at, now())
                       where enrollment_id = $1 and workflow_id = $2 returning enrollment_id),
          free as (delete from attention
                    where enrollment_id in (select enrollment_id from started) and reason = 'WORKFLOW_ID_TAKEN')
     delete from outbox where enrollment_id in (select enrollment_id from started) and kind = 'start'`,
    [enrollmentId, workflowId],
  );
}

/** The condition on `e` that keeps a reader to its scope; its values begin at `position`. */
export function inScope(scope: Scope, position: number): { sql: string; values: string[] } {
  const { sql, values } = ownedBy(scope, position);
  if (!scope.testClocksOnly) return { sql, values };
  return {
    sql: `${sql} and exists (select from program p where p.program_id = e.program_id and p.clock <> '[]')`,
    values,
  };
}

function ownedBy(scope: Scope, position: number): { sql: string; values: string[] } {
  switch (scope.kind) {
    case 'all':
      return { sql: 'true', values: [] };
    case 'owner':
      return { sql: `e.owner = $${position}`, values: [scope.owner] };
    case 'partner':
      return { sql: `e.survey_partner = $${position}`, values: [scope.surveyPartner] };
  }
}
