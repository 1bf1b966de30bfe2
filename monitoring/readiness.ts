/**
 * What a process needs, and whether it answers just now. Each check is bounded in time and never under way twice, and an
 * answer is kept for a moment: however often somebody asks, it costs the same.
 */

/** Returns or resolves if it is there. */
type Check = () => Promise<unknown> | void;

export interface Readiness<Name extends string = string> {
  ready: boolean;
  checks: Record<Name, 'ok' | 'not answering'>;
}

export type AskReadiness<Name extends string = string> = () => Promise<Readiness<Name>>;

/** Below the second that probes commonly wait. */
const TIMEOUT_MS = 900;
const KEPT_MS = 1_000;

/** Ready is who has everything. */
export function createReadiness<Name extends string>(
  checks: Record<Name, Check>,
  { timeoutMs, keptMs } = { timeoutMs: TIMEOUT_MS, keptMs: KEPT_MS },
): AskReadiness<Name> {
  const bounded = Object.entries<Check>(checks).map(
    ([name, check]) => [name, inTime(check, timeoutMs)] as const,
  );
  const askAll = async () => {
    const answers = await Promise.all(
      bounded.map(async ([name, answers]) => [name, (await answers()) ? 'ok' : 'not answering'] as const),
    );
    const found = Object.fromEntries(answers) as Readiness<Name>['checks'];
    return { ready: answers.every(([, answer]) => answer === 'ok'), checks: found };
  };
  let kept: { askedAt: number; readiness: Promise<Readiness<Name>> } | undefined;
  return () => {
    const now = performance.now();
    if (kept === undefined || now - kept.askedAt >= keptMs) kept = { askedAt: now, readiness: askAll() };
    return kept.readiness;
  };
}

/** False if it fails or takes too long; one that hangs is asked about again, not started again. */
function inTime(check: Check, timeoutMs: number): () => Promise<boolean> {
  let underWay: Promise<boolean> | undefined;
  return async () => {
    underWay ??= passes(check).finally(() => (underWay = undefined));
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), timeoutMs)));
    try {
      return await Promise.race([underWay, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  };
}

async function passes(check: Check): Promise<boolean> {
  try {
    await check();
    return true;
  } catch {
    return false;
  }
}
