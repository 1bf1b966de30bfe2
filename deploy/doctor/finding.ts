/** What the doctor finds: one line a check, and what to do about it. */

export interface Finding {
  check: string;
  ok: boolean;
  /** What was seen. */
  seen: string;
  /** What to do; null when all is well. */
  remedy: string | null;
}

export function well(check: string, seen: string): Finding {
  return { check, ok: true, seen, remedy: null };
}

export function ill(check: string, seen: string, remedy: string): Finding {
  return { check, ok: false, seen, remedy };
}

/** Runs a check; what it throws is a finding, too. */
export async function examine(
  check: string,
  work: () => Promise<Finding>,
  remedyOf: (error: Error & { code?: unknown }) => string,
): Promise<Finding> {
  try {
    return await work();
  } catch (error) {
    return ill(check, messageOf(error as Error), remedyOf(error as Error & { code?: unknown }));
  }
}

/** A refused connection to several addresses has its reasons inside. */
export function messageOf(error: Error): string {
  const inner = error instanceof AggregateError ? (error.errors[0] as Error | undefined) : undefined;
  return (inner ?? error).message || error.name;
}
