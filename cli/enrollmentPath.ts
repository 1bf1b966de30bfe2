/** An enrollment as people name it: by its id, or by its brand's domain. */
import type { EnrollmentPage } from './description/enrollment';
import { CommandFailure, wrongUsage } from './failure';
import type { Service } from './service';

/** Its path in the API. Throws CommandFailure unless the name means exactly one enrollment. */
export async function enrollmentPath(service: Service, name?: string): Promise<string> {
  return `/v1/enrollments/${await enrollmentIdOf(service, name)}`;
}

/** Its id, for a path. Throws CommandFailure unless the name means exactly one enrollment. */
export async function enrollmentIdOf(service: Service, name = ''): Promise<string> {
  if (!name.includes('.')) {
    if (name.startsWith('enr_')) return encodeURIComponent(name);
    throw noEnrollment(`"${name}" names no enrollment: an id begins with enr_, a brand's domain has a dot.`);
  }
  const { items } = await service.get<EnrollmentPage>('/v1/enrollments', { brandDomain: name });
  // A brand that was permitted to enroll once more has several; the last one is meant.
  const current = items.filter(({ supersededBy }) => supersededBy === null);
  if (current.length === 1) return current[0]!.id;
  if (current.length === 0) throw noEnrollment(`There is no enrollment of ${name} that this key may see.`);
  throw wrongUsage(
    `${name} is enrolled in several programs; name one of ${current.map(({ id, programId }) => `${id} (${programId})`).join(', ')}.`,
  );
}

/** As where the service knows no such id. */
function noEnrollment(sentence: string): CommandFailure {
  return new CommandFailure(3, [sentence]);
}
