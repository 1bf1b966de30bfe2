/** The enrollment that an item names. */
import type { EnrollmentRow, Scope } from '../../database/enrollments';
import type { Queryable } from '../../database/pool';
import { enrollmentsNamed, type EnrollmentName } from '../operations/namedEnrollment';
import { notFound, pointerTo, Problem } from '../problem';
import type { Item } from './kind';

/** Throws a 404 for one that the giver cannot see, and a 422 rather than guess. */
export async function theOneNamed(
  db: Queryable,
  scope: Scope,
  item: Pick<Item<EnrollmentName>, 'position' | 'content'>,
): Promise<EnrollmentRow> {
  const row = await theOneIfAny(db, scope, item);
  if (!row) throw notFound('enrollment');
  return row;
}

export async function theOneIfAny(
  db: Queryable,
  scope: Scope,
  { position, content }: Pick<Item<EnrollmentName>, 'position' | 'content'>,
): Promise<EnrollmentRow | undefined> {
  const [row, ...others] = await enrollmentsNamed(db, scope, content);
  if (others.length === 0) return row;
  const message = 'is in several programs: name programId, or the enrollmentId';
  const errors = [{ pointer: pointerOf(position, 'brandDomain'), message }];
  throw new Problem('BRAND_AMBIGUOUS', 'The brand is in several programs: name the one that is meant.', {
    errors,
  });
}

/** Into the request that brought the item. */
export function pointerOf(position: number, field: string): string {
  return pointerTo(['items', position - 1, field]);
}
