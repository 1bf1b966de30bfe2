/**
 * What activities need from the outside. Adapters in integrations/ have these shapes without knowing this file; worker/
 * is the only place that joins the two. Every method may throw ThirdPartyError.
 */
import type { LookUpOutcome, SpendRow } from '../program/adAccount';
import type { PartnerKeyAnswer } from '../program/partnerKey';
import type { Projection } from './types';
import type { PayoutLookUp, PayoutOutcome, PayoutRequest } from '../program/payout';

/** What Temporal knows of the workflows of enrollments (temporal/visibility.ts). Throws when Temporal does not answer. */
export interface WorkflowWatch {
  look(workflowId: string): Promise<WorkflowSeen>;
  /** When a run started (epoch ms); undefined if Temporal has forgotten it. */
  runStart(workflowId: string, runId: string): Promise<number | undefined>;
  /** Ids of open enrollments whose workflow tasks fail. */
  withFailingTasks(): Promise<string[]>;
  /** Ids of enrollments that were terminated, failed or timed out lately; newest first, not all for ever. */
  stoppedLately(): Promise<string[]>;
  /** Which of these are open. */
  openAmong(workflowIds: readonly string[]): Promise<string[]>;
  /** Ids of all open enrollments. */
  open(): AsyncIterable<string>;
}

export type WorkflowSeen =
  | { kind: 'missing' }
  | {
      kind: 'seen';
      /** Of its current run, which is the last one. */
      runStartedAt: number;
      /** `stopped`: terminated, failed or timed out, so nothing goes on; `paused`: nothing until somebody unpauses it. */
      standing: 'open' | 'paused' | 'ended' | 'stopped';
      /** Names of activities that have been tried this often or more. */
      retrying(attempts: number): string[];
      /**
       * Asks it what the read model should hold; undefined while no worker answers for it. `known` is the last entry that
       * the read model holds; what came after it is asked of earlier runs, too.
       */
      projection: (known?: number) => Promise<Projection | undefined>;
    };

export interface AdPlatform {
  lookUp(advertiserId: string): Promise<LookUpOutcome>;
  /** Daily rows of the calendar dates `from` to `to`, both inclusive, in the ad account's time zone. */
  readSpend(request: {
    advertiserId: string;
    from: string;
    to: string;
    currency: string;
  }): Promise<SpendRow[]>;
}

export interface PartnerKeyChecker {
  /** The survey partner, as program definitions name it. */
  surveyPartner: string;
  /** Tries a submitted API key; a key that opens nothing is an answer, not an error. */
  check(apiKey: string): Promise<PartnerKeyAnswer>;
}

export interface PayoutRail {
  /** As the program definition names it. */
  name: string;
  /** Asks for the transfer, once; whatever is not a readable answer is `unknown`. */
  pay(request: PayoutRequest): Promise<PayoutOutcome>;
  /** What the rail knows of a request's reference. */
  lookUp(request: PayoutRequest): Promise<PayoutLookUp>;
}
