/** Where a long step tells what it is doing: one line of plain text each, without a line end. */
export type Report = (line: string) => void;

const SIGN_OF_LIFE_MS = 15_000;

/** Reports that `what` is still going on, every 15 s until `work` has settled. */
export async function withSignOfLife<T>(report: Report, what: string, work: Promise<T>): Promise<T> {
  const startedAt = Date.now();
  const timer = setInterval(() => {
    report(`  ${what}: ${Math.round((Date.now() - startedAt) / 1000)} s so far`);
  }, SIGN_OF_LIFE_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
