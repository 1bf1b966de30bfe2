/**
 * The service as a test file uses it: its own processes, database, task queue, sandbox and program, on the servers of the
 * run. The program's clock stands still until a test advances it, so tests wait for events, never for time.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { Pool } from 'pg';
import {
  createApiClient,
  eventually,
  type ApiClient,
  type Enrollment,
  type TimelineItem,
} from '../../dev/apiClient';
import { verifyAudit } from '../../database/audit';
import { dropDatabase, prepareDatabase, publish } from '../../dev/database';
import { startSandbox, type Sandbox } from '../../dev/sandbox/server';
import { NAMESPACE } from '../../dev/servers';
import { freeServicePorts, startService, type Service, type ServicePlan } from '../../dev/service';
import { definitionFile } from '../../dev/settings';
import type { ProgramDefinition } from '../../program/definition';
import { parseDefinition } from '../../program/parseDefinition';
import { requireContract } from './contract';
import { sharedServers } from './shared';
import { untilWorkerPolls } from './workerPolls';

export const ADVERTISER = '7012345678901234567';
export const OTHER_ADVERTISER = '7012345678901234568';
export const UNKNOWN_ADVERTISER = '7012345678901234560';

export interface Payment {
  id: string;
  reference: string;
  amountMinor: number;
}

export interface TestService {
  service: Service;
  plan: ServicePlan;
  sandbox: Sandbox;
  definition: ProgramDefinition;
  programId: string;
  caller: ApiClient;
  otherCaller: ApiClient;
  partner: ApiClient;
  otherPartner: ApiClient;
  admin: ApiClient;
  approver: ApiClient;
  /** As the superuser: to look at what the application may not touch. */
  db: Pool;
  temporal: TemporalClient;
  /** A form for a brand that no other test uses. */
  form(changes?: Partial<Form>): Form & { programId: string };
  /** All questions of the program, answered. */
  answers: Record<string, string | number | boolean>;
  get(id: string): Promise<Enrollment>;
  timeline(id: string): Promise<TimelineItem[]>;
  /** Waits until the enrollment is as asked. */
  until(id: string, isThere: (enrollment: Enrollment) => boolean, timeoutMs?: number): Promise<Enrollment>;
  untilStatus(id: string, status: string, timeoutMs?: number): Promise<Enrollment>;
  untilEvent(id: string, type: string): Promise<TimelineItem>;
  /** Sets the program's clock forward. */
  advanceTo(instant: string): Promise<void>;
  payments(): Promise<Payment[]>;
  fault(fault: {
    target: string;
    fault: string;
    times?: number;
    only?: string;
    message?: string;
    ms?: number;
  }): Promise<void>;
  /** Fails if the audit is not whole. */
  stop(): Promise<void>;
}

export interface Form {
  brand: { name: string; storeUrl: string };
  contact: { name: string; email: string };
  surveyPartner: string;
  storePlatform: string;
  advertiserId: string;
  dataSharing: { authorized: boolean; textVersion: string };
  partnerApiKey?: string;
}

export interface TestServiceOptions {
  /** Own servers instead of those of the run. */
  servers?: { postgresAdminUrl: string; temporalAddress: string; temporalUiUrl: string };
  definition?: (definition: ProgramDefinition) => ProgramDefinition;
  environment?: Record<string, string>;
}

export async function startTestService(options: TestServiceOptions = {}): Promise<TestService> {
  const shared = options.servers ? undefined : sharedServers();
  const servers = options.servers ?? shared!;
  const unique = randomBytes(4).toString('hex');
  const demo = parseDefinition(JSON.parse(await readFile(definitionFile('pps-demo'), 'utf8')));
  const ofThisFile = { ...demo, id: `pps-test-${unique}` };
  const definition = options.definition?.(ofThisFile) ?? ofThisFile;
  const programId = definition.id;

  const template = shared && { template: shared.templateDatabase };
  const databaseName = `test_${unique}`;
  const database = await prepareDatabase(servers.postgresAdminUrl, databaseName, template);
  const startsAt = Date.parse(definition.testClock!.startsAt);
  await publish(database.databaseUrl, definition, [
    { realFrom: Date.now(), programFrom: startsAt, speed: 0 },
  ]);

  const logDirectory = await mkdtemp(join(tmpdir(), 'pps-test-'));
  const sandbox = await startSandbox({ port: 0 });
  const plan: ServicePlan = {
    databaseUrl: database.databaseUrl,
    temporalAddress: servers.temporalAddress,
    temporalUiUrl: servers.temporalUiUrl,
    temporalNamespace: NAMESPACE,
    taskQueue: `test-${unique}`,
    sandboxUrl: sandbox.url,
    ...(await freeServicePorts()),
    logDirectory,
    environment: { LOG_LEVEL: 'warn', ...options.environment },
  };
  const service = await startService(plan);
  const db = new Pool({ connectionString: database.databaseAdminUrl, max: 3 });
  db.on('error', () => undefined); // some tests stop PostgreSQL
  const connection = Connection.lazy({ address: servers.temporalAddress });
  const temporal = new TemporalClient({ connection, namespace: NAMESPACE });
  await untilWorkerPolls(temporal, service, plan);

  const as = (key: string) => createApiClient(service.apiUrl, key, requireContract);
  const admin = as('pps_dev_admin_ana');
  let brands = 0;

  const release = async () => {
    await sandbox.stop();
    await connection.close();
    await db.end();
    if (shared) await dropDatabase(shared.postgresAdminUrl, databaseName);
    await rm(logDirectory, { recursive: true, force: true });
  };
  const tests: TestService = {
    service,
    plan,
    sandbox,
    definition,
    programId,
    caller: as('pps_dev_caller_shop-app'),
    otherCaller: as('pps_dev_caller_other-app'),
    partner: as('pps_dev_partner_kno'),
    otherPartner: as('pps_dev_partner_fairing'),
    admin,
    approver: as('pps_dev_approver_bo'),
    db,
    temporal,
    form: (changes) => ({
      programId,
      brand: { name: 'Northwind', storeUrl: `https://brand${++brands}-${unique}.example` },
      contact: { name: 'Nora Wind', email: 'nora@northwind.example' },
      surveyPartner: 'kno',
      storePlatform: 'woocommerce',
      advertiserId: ADVERTISER,
      dataSharing: { authorized: true, textVersion: definition.dataSharing.textVersion },
      ...changes,
    }),
    answers: Object.fromEntries(
      definition.questionnaire.questions.map((question) => [question.id, answerTo(question)]),
    ),
    get: async (id) => (await admin.get(`/v1/enrollments/${id}`)).body,
    timeline: async (id) =>
      (await admin.get<{ items: TimelineItem[] }>(`/v1/enrollments/${id}/timeline`)).body.items,
    until: (id, isThere, timeoutMs) => eventually(() => tests.get(id), isThere, timeoutMs),
    untilStatus: (id, wanted, timeoutMs) => tests.until(id, ({ status }) => status === wanted, timeoutMs),
    async untilEvent(id, wanted) {
      const events = await eventually(
        () => tests.timeline(id),
        (items) => items.some(({ type }) => type === wanted),
      );
      return events.findLast(({ type }) => type === wanted)!;
    },
    async advanceTo(instant) {
      const { status, body } = await admin.post(`/v1/programs/${programId}/clock`, { advanceTo: instant });
      if (status !== 200) throw new Error(`The clock was not advanced: ${JSON.stringify(body)}`);
    },
    async payments() {
      const answer = (await (await fetch(`${sandbox.url}/sandbox/payments`)).json()) as {
        payments: Payment[];
      };
      return answer.payments;
    },
    async fault(fault) {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${sandbox.url}/sandbox/faults`, {
        method: 'POST',
        headers,
        body: JSON.stringify(fault),
      });
      if (!response.ok) throw new Error(`The sandbox refused the fault: ${await response.text()}`);
    },
    async stop() {
      await service.stop();
      // Whatever the tests have done to the service, its audit is whole.
      const { broken } = await verifyAudit(db).finally(release);
      if (broken) throw new Error(`The audit is broken: ${JSON.stringify(broken)}`);
    },
  };
  return tests;
}

function answerTo(
  question: ProgramDefinition['questionnaire']['questions'][number],
): string | number | boolean {
  switch (question.type) {
    case 'choice':
      return question.choices[0]!;
    case 'number':
      return 1;
    case 'boolean':
      return true;
    case 'text':
      return 'At the checkout.';
  }
}

/** API and worker once more, beside those of the test, on the same database and task queue. */
export async function startSecond(
  { plan }: TestService,
  changes: Partial<ServicePlan> = {},
): Promise<Service> {
  const logDirectory = `${plan.logDirectory}/second`;
  return startService({ ...plan, ...(await freeServicePorts()), logDirectory, ...changes });
}
