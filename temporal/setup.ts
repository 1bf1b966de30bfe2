/** Prepares a namespace: retention, and the search attributes, until the server lists them. Runs as often as you like. */
import { Connection } from '@temporalio/client';
import type { TemporalSettings } from '../settings/settings';
import { CALCULATION_MONTH, ENROLLMENT_STATUS, PROGRAM_ID, SURVEY_PARTNER } from '../workflows/messages';
import { connectionOptions } from './connection';

/** `IndexedValueType` of Temporal's API. */
const KEYWORD = 2;
/** What operators filter by; the namespace must know them before an enrollment is started. */
export const SEARCH_ATTRIBUTES = [PROGRAM_ID, SURVEY_PARTNER, CALCULATION_MONTH, ENROLLMENT_STATUS].map(
  ({ name }) => name,
);
const POLL_MS = 200;
const LISTED_WITHIN_MS = 60_000;

/** `retentionDays` null leaves the namespace as it is. Throws if the namespace cannot be reached or the search attributes are not listed within a minute. */
export async function prepareNamespace(
  settings: TemporalSettings,
  retentionDays: number | null,
): Promise<void> {
  const connection = await Connection.connect(connectionOptions(settings));
  try {
    if (retentionDays !== null) await ensureNamespace(connection, settings.namespace, retentionDays);
    await ensureSearchAttributes(connection, settings.namespace);
  } finally {
    await connection.close();
  }
}

async function ensureNamespace(
  { workflowService }: Connection,
  namespace: string,
  retentionDays: number,
): Promise<void> {
  const retention = { seconds: retentionDays * 86_400 } as never;
  try {
    const { config } = await workflowService.describeNamespace({ namespace });
    if (Number(config?.workflowExecutionRetentionTtl?.seconds) === retentionDays * 86_400) return;
    await workflowService.updateNamespace({
      namespace,
      config: { workflowExecutionRetentionTtl: retention },
    });
  } catch (error) {
    if (grpcCode(error) !== NOT_FOUND) throw error;
    await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: retention });
  }
}

async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const missing = async () => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return SEARCH_ATTRIBUTES.filter((name) => !(name in customAttributes));
  };
  const toAdd = await missing();
  if (toAdd.length === 0) return;
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(toAdd.map((name) => [name, KEYWORD])),
    });
  } catch (error) {
    if (grpcCode(error) !== ALREADY_EXISTS) throw error;
  }
  const deadline = Date.now() + LISTED_WITHIN_MS;
  while ((await missing()).length > 0) {
    if (Date.now() > deadline)
      throw new Error(`Temporal does not list the search attributes ${toAdd.join(', ')}.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;

function grpcCode(error: unknown): number | undefined {
  return (error as { code?: number }).code;
}
