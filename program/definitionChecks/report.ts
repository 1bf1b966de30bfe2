import type { ProgramDefinition } from '../definition';

/** Of a value in the document. */
export type Path = readonly PropertyKey[];
export type Report = (path: Path, message: string) => void;
/** The top-level members that are valid by themselves: one typing error hides nothing else. */
export type Parts = Partial<ProgramDefinition>;
/** What must hold between the values of a definition; a check reports all that it finds. */
export type Check = (parts: Parts, report: Report) => void;
