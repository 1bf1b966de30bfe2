/** What operations and routes work with; joined in main.ts. */
import type { Keyring } from '../database/keyring';
import type { Database } from '../database/pool';
import type { TestClockPrograms } from '../settings/settings';
import type { JudgeWebhookUrl } from '../integrations/webhookAddress';
import type { Logger } from '../settings/logger';
import type { EnrollmentClient } from '../temporal/enrollments';
import type { RateLimits } from './rateLimits';
import type { WorkflowWatch } from '../temporal/visibility';

export interface ApiContext {
  /** The programs that may run on a test clock here. */
  testClockPrograms: TestClockPrograms;
  database: Database;
  /** For the API keys of survey partners, and the secrets of webhooks. */
  keyring: Keyring;
  /** Whether a webhook may go there. */
  judgeWebhookUrl: JudgeWebhookUrl;
  enrollments: EnrollmentClient;
  /** What an enrollment's workflow itself says. */
  workflows: WorkflowWatch;
  logger: Logger;
  rateLimits: RateLimits;
  /** Rows that are carried out, by all API processes together. */
  importStartsPerSecond: number;
  /** For a request to be there, for a file to go on, or for a reader to take more of its answer. */
  requestTimeoutMs: number;
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  trustProxy: string[];
  /** Where docs/runbook.md is published. */
  runbookUrl: string;
  /** URL of a workflow in Temporal UI, for staff. */
  temporalUiUrl(workflowId: string): string;
}

/** One message to an enrollment: what makes it unique, and under which id it is sent this time. */
export interface MessageIdentity {
  messageId: string;
  updateId: string;
}
