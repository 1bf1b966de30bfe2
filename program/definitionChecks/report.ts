import type { ProgramDefinition } from '../definition';

/** Of a value in the document. */
export type Path = readonly PropertyKey[];
export type Report = (path: Path, message: string) => void;
/** The top-level members that are valid by themselves: one typing error hides nothing else. */
export type Parts = Partial<ProgramDefinition>;
/** What must hold between the values of a definition; a check reports all that it finds. */
export interface Check {
  (parts: Parts, report: Report): void;
  /** It looks at one member of a list at a time, so the valid ones are checked although others are not valid. */
  ofMembers?: true;
}

/** Marks a check that looks at members one by one; in its lists those that are not valid by themselves are holes. */
export function ofMembers(check: Check): Check {
  return Object.assign(check, { ofMembers: true } as const);
}
