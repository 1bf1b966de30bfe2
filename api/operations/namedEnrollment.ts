/** The enrollment that a survey partner means. */
import {
  findEnrollment,
  liveEnrollmentsOfBrand,
  type EnrollmentRow,
  type Scope,
} from '../../database/enrollments';
import type { Queryable } from '../../database/pool';

export interface EnrollmentName {
  enrollmentId?: string | undefined;
  /** As lists filter by it. */
  brandDomain?: string | undefined;
  programId?: string | null | undefined;
}

/** Several if the brand is in several programs. One that has ended is meant only where there is no other. */
export async function enrollmentsNamed(
  db: Queryable,
  scope: Scope,
  { enrollmentId, brandDomain, programId }: EnrollmentName,
): Promise<EnrollmentRow[]> {
  const found =
    enrollmentId === undefined
      ? await liveEnrollmentsOfBrand(db, scope, brandDomain!)
      : [await findEnrollment(db, scope, enrollmentId)];
  const named = found
    .filter((row) => row !== undefined)
    .filter((row) => (programId ?? row.programId) === row.programId);
  const open = named.filter(({ state }) => state.ending === null);
  return open.length > 0 ? open : named;
}
