/** How a survey partner names an enrollment: by its id, or by the brand, which it knows it by. */
import { text } from './schemas';

export const nameOfEnrollment = {
  enrollmentId: text(64).optional(),
  brandDomain: text(253).toLowerCase().optional().describe('Registrable domain of the brand.'),
};

type Named = Partial<Record<keyof typeof nameOfEnrollment, string | undefined>>;

/** For `refine`. */
export const namesOne = ({ enrollmentId, brandDomain }: Named) =>
  (enrollmentId === undefined) !== (brandDomain === undefined);
export const NAME_ONE = {
  path: ['enrollmentId'],
  error: 'or brandDomain must name the enrollment, and not both',
};
/** The same for the document. */
export const ONE_OF_THEM = { oneOf: [{ required: ['enrollmentId'] }, { required: ['brandDomain'] }] };
