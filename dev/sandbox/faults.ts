/** Failure switches: what goes wrong with the next requests, and a count of the requests that came. */
import type { Request, Response } from 'express';

const BROKEN_CONNECTIONS = ['server_error', 'hang', 'drop', 'garbage'] as const;
const TIKTOK = [...BROKEN_CONNECTIONS, 'throttle', 'code'] as const;

/** Target (an endpoint), then the faults that it can show. */
export const FAULTS = {
  advertiser_info: TIKTOK,
  report: TIKTOK,
  fairing_questions: [...BROKEN_CONNECTIONS, 'throttle'],
  payout: [...BROKEN_CONNECTIONS, 'execute_then_drop', 'execute_then_hang', 'refuse', 'pending'],
  payout_lookup: [...BROKEN_CONNECTIONS, 'late_visibility'],
} as const;

export type Target = keyof typeof FAULTS;
export type FaultName = (typeof FAULTS)[Target][number];
export const TARGETS = Object.keys(FAULTS) as Target[];
export const FAULT_NAMES = [...new Set(Object.values(FAULTS).flat())] as FaultName[];

export interface Fault {
  target: Target;
  fault: FaultName;
  /** How many requests more it strikes. */
  times: number;
  /** Strikes only requests about this advertiser id or payout reference, or with this API key of Fairing. */
  only?: string | undefined;
  /** `code`: TikTok's result code. */
  code?: number | undefined;
  /** `code`, `throttle`, `refuse`: the text that goes with it. */
  message?: string | undefined;
  /** `late_visibility`: payments younger than this are not seen. */
  ms?: number | undefined;
}

export interface Faults {
  /** Counts a request and gives the oldest fault that is meant for it, used up by one. */
  arrive(target: Target, subjects: unknown[]): Fault | undefined;
  add(fault: Fault): void;
  /** Those of one subject, or all. */
  clear(only?: string): void;
  pending(): Fault[];
  counts(): Record<Target, number>;
}

export function createFaults(): Faults {
  let queue: Fault[] = [];
  const counts = Object.fromEntries(TARGETS.map((target) => [target, 0])) as Record<Target, number>;
  return {
    arrive(target, subjects) {
      counts[target] += 1;
      const fault = queue.find(
        (f) => f.target === target && (f.only === undefined || subjects.includes(f.only)),
      );
      if (!fault) return undefined;
      fault.times -= 1;
      if (fault.times === 0) queue = queue.filter((f) => f !== fault);
      return fault;
    },
    add: (fault) => void queue.push(fault),
    clear: (only) => void (queue = only === undefined ? [] : queue.filter((f) => f.only !== only)),
    pending: () => queue,
    counts: () => counts,
  };
}

/** Plays the faults in which nothing is done and no readable answer comes. True if it did. */
export function spoil(fault: Fault | undefined, req: Request, res: Response): boolean {
  switch (fault?.fault) {
    case 'hang':
      return true; // until the client gives up or the sandbox stops
    case 'drop':
      req.socket.destroy();
      return true;
    case 'server_error':
      res.status(500).type('text').send('internal error');
      return true;
    case 'garbage':
      res.status(200).type('html').send('<html><body>Please try again later</body></html>');
      return true;
    default:
      return false;
  }
}
