/** Revisions of a program: immutable, named by a hash, and each a permitted successor of the one before. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { ProgramDefinition } from './definition';
import { DefinitionError, type DefinitionProblem } from './parseDefinition';

/** SHA-256 of a document in its canonical form (RFC 8785), as `sha256:<hex>`: the same whatever the order of its keys. */
export function documentHash(document: unknown): string {
  return `sha256:${createHash('sha256').update(canonicalText(document)).digest('hex')}`;
}

/** The canonical form of a document (RFC 8785): equal documents have equal bytes. */
export function canonicalText(document: unknown): string {
  const text = canonicalize(document);
  if (text === undefined) throw new TypeError('Only a JSON document has a canonical form.');
  return text;
}

/**
 * What the next revision of a program must not change: enrollments in it count on it. Throws DefinitionError.
 */
export function assertMayFollow(previous: ProgramDefinition, next: ProgramDefinition): void {
  const errors: DefinitionProblem[] = [];
  if (previous.id !== next.id) {
    errors.push({ pointer: '/id', message: `This is the program "${previous.id}"; its id never changes.` });
  }
  if ((previous.testClock === null) !== (next.testClock === null)) {
    errors.push({
      pointer: '/testClock',
      message: previous.testClock
        ? 'The program was published on a test clock and stays on it; publish another program for real time.'
        : 'The program was published on real time and stays on it; publish another program for a test clock.',
    });
  } else if (documentHash(previous.testClock) !== documentHash(next.testClock)) {
    errors.push({
      pointer: '/testClock',
      message:
        'The clock was set by the first revision; leave this as it was, and advance the clock instead.',
    });
  }
  if (previous.rail !== 'sandbox' && next.rail === 'sandbox') {
    errors.push({
      pointer: '/rail',
      message: `The program pays for real, by "${previous.rail}"; the rail "sandbox" moves nothing. Keep a real one.`,
    });
  }
  const [authorized, asked] = [previous.dataSharing, next.dataSharing];
  if (authorized.textVersion === asked.textVersion && authorized.text !== asked.text) {
    errors.push({
      pointer: '/dataSharing/textVersion',
      message:
        'The text has changed, and submissions keep its version only; give the new text a new version.',
    });
  }
  if ((previous.rollingPeriod === null) !== (next.rollingPeriod === null)) {
    errors.push({
      pointer: '/rollingPeriod',
      message:
        'Enrollments of the program move by the kind of period that it began with; keep it, or publish another program.',
    });
  }
  if (errors.length > 0) throw new DefinitionError(errors);
}
