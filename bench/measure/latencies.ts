/** How long requests of one kind took, and how many were not done. */

export interface Latencies {
  sent: number;
  /** Answered with 503, with an error or not at all; not among the latencies. */
  failed: number;
  p50: number;
  p95: number;
  p99: number;
  /** Milliseconds, as the rest. */
  worst: number;
}

export interface LatencyLog {
  done(milliseconds: number): void;
  failed(why: string): void;
  /** Why requests failed, and how often. */
  reasons: Record<string, number>;
  summary(): Latencies;
}

export function openLatencyLog(): LatencyLog {
  const took: number[] = [];
  const reasons: Record<string, number> = {};
  return {
    reasons,
    done: (milliseconds) => void took.push(milliseconds),
    failed(why) {
      reasons[why] = (reasons[why] ?? 0) + 1;
    },
    summary() {
      const inOrder = took.toSorted((one, other) => one - other);
      const failed = Object.values(reasons).reduce((sum, count) => sum + count, 0);
      return {
        sent: took.length + failed,
        failed,
        p50: atRank(inOrder, 0.5),
        p95: atRank(inOrder, 0.95),
        p99: atRank(inOrder, 0.99),
        worst: atRank(inOrder, 1),
      };
    },
  };
}

/** The smallest that is not below this share of them (nearest rank), to a tenth. */
function atRank(inOrder: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * inOrder.length));
  return Number((inOrder[rank - 1] ?? NaN).toFixed(1));
}
