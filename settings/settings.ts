/** The settings of each process, typed. `.env.example` describes every variable. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { readEnvironment, refuseUnsafe, SettingsError } from './environment';
import { developmentSecrets, partnerKeySecrets, type PartnerKeySecret } from './partnerKeySecrets';

const port = z.coerce.number().int().min(0).max(65_535);
const url = (protocols: string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    message: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });

const common = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
});

const ids = (of: string) =>
  z.string().regex(/^[a-z0-9-]+(,[a-z0-9-]+)*$/, `must be ids of ${of}, separated by commas`);

const testClocks = z.object({ TEST_CLOCK_PROGRAMS: ids('programs').optional() });

/** The programs that may run on a test clock here: outside production any, in production those named only. */
export type TestClockPrograms = 'any' | readonly string[];

export function mayRunOnTestClock(allowed: TestClockPrograms, programId: string): boolean {
  return allowed === 'any' || allowed.includes(programId);
}

function testClockPrograms(
  env: z.infer<typeof testClocks> & Pick<z.infer<typeof common>, 'NODE_ENV'>,
): TestClockPrograms {
  return env.NODE_ENV === 'production' ? (env.TEST_CLOCK_PROGRAMS?.split(',') ?? []) : 'any';
}

const database = z.object({ DATABASE_URL: url(['postgres:', 'postgresql:']) });

const temporal = z.object({
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^/\s]+:\d+$/, 'must be host:port')
    .default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_TLS: z.enum(['true', 'false']).default('false'),
  TEMPORAL_API_KEY: z.string().optional(),
  TASK_QUEUE: z.string().default('enrollments'),
});

export interface TemporalSettings {
  address: string;
  namespace: string;
  tls: boolean;
  apiKey: string | undefined;
  /** The main queue; payouts have `<taskQueue>-payouts`. */
  taskQueue: string;
}

function temporalSettings(env: z.infer<typeof temporal>): TemporalSettings {
  return {
    address: env.TEMPORAL_ADDRESS,
    namespace: env.TEMPORAL_NAMESPACE,
    tls: env.TEMPORAL_TLS === 'true' || env.TEMPORAL_API_KEY !== undefined,
    apiKey: env.TEMPORAL_API_KEY,
    taskQueue: env.TASK_QUEUE,
  };
}

const apiKey = z.strictObject({
  key: z
    .string()
    .min(16, 'must have at least 16 characters')
    .regex(
      /^(?!pps_(live|test)_)/,
      'must not begin with pps_live_ or pps_test_: such keys are in PostgreSQL',
    ),
  role: z.enum(['caller', 'partner', 'admin', 'approver', 'operator', 'auditor']),
  /** The person or system that holds the key: the actor of all it does. */
  id: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 of letters, digits, dot, underscore, hyphen'),
  surveyPartner: z.string().min(1).optional(),
});

export type ApiKey = z.infer<typeof apiKey>;

/** Keys that `npm start` and compose use: known to everybody who reads this repository. */
const DEVELOPMENT_KEY_PREFIX = 'pps_dev_';

const apiKeys = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue('must be a JSON list of {"key","role","id","surveyPartner"?}');
      return z.NEVER;
    }
  })
  .pipe(
    z
      .array(apiKey)
      .refine((keys) => new Set(keys.map(({ key }) => key)).size === keys.length, 'holds the same key twice')
      .refine(
        (keys) =>
          keys.every(({ role, surveyPartner }) => (role === 'partner') === (surveyPartner !== undefined)),
        'surveyPartner belongs to keys of role partner, and each of them needs one',
      ),
  );

/** Addresses, networks (CIDR), or loopback, linklocal, uniquelocal: what Express's `trust proxy` takes. */
const proxies = z
  .string()
  .refine((text) => text.split(',').every(isProxy), 'must be addresses or networks, separated by commas');

function isProxy(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [, address = '', bits = '0'] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128);
}

const perSecond = z.coerce.number().min(0.1).max(1_000);
const perMinute = z.coerce.number().int().min(1).max(10_000_000);

const api = z.object({
  ...common.shape,
  ...database.shape,
  ...temporal.shape,
  ...testClocks.shape,
  API_HOST: z.string().default('127.0.0.1'),
  API_PORT: port.default(8080),
  API_ADMIN_HOST: z.string().default('127.0.0.1'),
  API_ADMIN_PORT: port.default(8090),
  API_KEYS: apiKeys,
  PARTNER_KEY_SECRETS: partnerKeySecrets,
  TEMPORAL_UI_URL: url(['http:', 'https:']).default('http://127.0.0.1:8233'),
  RUNBOOK_URL: z.string().default('docs/runbook.md'),
  TRUST_PROXY: proxies.optional(),
  REQUESTS_PER_MINUTE: perMinute.default(30_000),
  STRANGERS_PER_MINUTE: perMinute.default(1_000),
  IMPORT_STARTS_PER_SECOND: perSecond.default(20),
  REQUEST_TIMEOUT_MS: z.coerce.number().int().min(1_000).max(300_000).default(30_000),
});

/** Where a process answers those who run it: health, readiness, metrics. */
export interface AdminPort {
  host: string;
  port: number;
  /** The variable by which another port is chosen. */
  portVariable: string;
}

export interface ApiSettings {
  production: boolean;
  logLevel: string;
  databaseUrl: string;
  temporal: TemporalSettings;
  temporalUiUrl: string;
  /** Where docs/runbook.md is published. */
  runbookUrl: string;
  host: string;
  port: number;
  admin: AdminPort;
  /** For the first administrator and for development: the others are in PostgreSQL. */
  apiKeys: ApiKey[];
  /** Proxies whose X-Forwarded-For is believed. */
  trustProxy: string[];
  /** A minute, in this process. */
  rateLimits: { perKey: number; perAddress: number };
  /** A request that is not there by then is cut off, and a file that stands still for so long, or a reader. */
  requestTimeoutMs: number;
  /** Rows of imports, by all API processes together. */
  importStartsPerSecond: number;
  partnerKeySecrets: PartnerKeySecret[];
  testClockPrograms: TestClockPrograms;
}

export function readApiSettings(environment: NodeJS.ProcessEnv = process.env): ApiSettings {
  const env = readEnvironment(api, environment);
  if (env.NODE_ENV === 'production') {
    refuseUnsafe([
      env.API_KEYS.some(({ key }) => key.startsWith(DEVELOPMENT_KEY_PREFIX)) &&
        'API_KEYS holds a development key: make your own keys.',
      developmentSecrets(env.PARTNER_KEY_SECRETS),
      plaintextTemporal(env),
    ]);
  }
  return {
    production: env.NODE_ENV === 'production',
    logLevel: env.LOG_LEVEL,
    databaseUrl: env.DATABASE_URL,
    temporal: temporalSettings(env),
    temporalUiUrl: env.TEMPORAL_UI_URL.replace(/\/$/, ''),
    runbookUrl: env.RUNBOOK_URL,
    host: env.API_HOST,
    port: env.API_PORT,
    admin: { host: env.API_ADMIN_HOST, port: env.API_ADMIN_PORT, portVariable: 'API_ADMIN_PORT' },
    apiKeys: env.API_KEYS,
    trustProxy: env.TRUST_PROXY?.split(',') ?? [],
    rateLimits: { perKey: env.REQUESTS_PER_MINUTE, perAddress: env.STRANGERS_PER_MINUTE },
    requestTimeoutMs: env.REQUEST_TIMEOUT_MS,
    importStartsPerSecond: env.IMPORT_STARTS_PER_SECOND,
    partnerKeySecrets: env.PARTNER_KEY_SECRETS,
    testClockPrograms: testClockPrograms(env),
  };
}

const worker = z.object({
  ...common.shape,
  ...database.shape,
  ...temporal.shape,
  TIKTOK_BASE_URL: url(['http:', 'https:']),
  TIKTOK_ACCESS_TOKEN: z.string().min(1),
  TIKTOK_REQUESTS_PER_SECOND: perSecond.default(5),
  FAIRING_BASE_URL: url(['http:', 'https:']),
  PARTNER_KEY_SECRETS: partnerKeySecrets,
  SANDBOX_RAIL_URL: url(['http:', 'https:']).optional(),
  PAYOUT_TASKS_PER_SECOND: perSecond.default(5),
  OUTBOX_POLL_MS: z.coerce.number().int().min(50).default(1_000),
  WEBHOOK_DELAY_MS: z.coerce.number().int().min(0).max(600_000).default(30_000),
  WORKER_ADMIN_HOST: z.string().default('127.0.0.1'),
  WORKER_ADMIN_PORT: port.default(8091),
  WORKER_GRACE_MS: z.coerce.number().int().min(1_000).default(20_000),
  MAX_CACHED_WORKFLOWS: z.coerce.number().int().min(10).default(1_000),
  ACTIVE_PATCHES: ids('patches').optional(),
});

export interface WorkerSettings {
  production: boolean;
  logLevel: string;
  databaseUrl: string;
  temporal: TemporalSettings;
  /** The rate is this process's share of what TikTok allows the app. */
  tiktok: { baseUrl: string; accessToken: string; ratePerSecond: number };
  fairing: { baseUrl: string };
  partnerKeySecrets: PartnerKeySecret[];
  /** The payout rail of programs on a test clock; absent where there are none. */
  sandboxRailUrl: string | undefined;
  /** Of all workers together; a payout takes two: one pays, one books. */
  payoutTasksPerSecond: number;
  outboxPollMs: number;
  /** How long an event must have stood before subscribers are told. */
  webhookDelayMs: number;
  admin: AdminPort;
  /** On shutdown, running activities get this long; a quarter more, and they are abandoned to their retries. */
  graceMs: number;
  maxCachedWorkflows: number;
  /** Ids of workflow patches that enrollments take from now on. */
  activePatches: string[];
}

export function readWorkerSettings(environment: NodeJS.ProcessEnv = process.env): WorkerSettings {
  const env = readEnvironment(worker, environment);
  if (env.NODE_ENV === 'production') {
    refuseUnsafe([
      plaintextTemporal(env),
      new URL(env.TIKTOK_BASE_URL).protocol !== 'https:' && 'TIKTOK_BASE_URL must be https.',
      new URL(env.FAIRING_BASE_URL).protocol !== 'https:' && 'FAIRING_BASE_URL must be https.',
      developmentSecrets(env.PARTNER_KEY_SECRETS),
    ]);
  }
  return {
    production: env.NODE_ENV === 'production',
    logLevel: env.LOG_LEVEL,
    databaseUrl: env.DATABASE_URL,
    temporal: temporalSettings(env),
    tiktok: {
      baseUrl: env.TIKTOK_BASE_URL.replace(/\/$/, ''),
      accessToken: env.TIKTOK_ACCESS_TOKEN,
      ratePerSecond: env.TIKTOK_REQUESTS_PER_SECOND,
    },
    fairing: { baseUrl: env.FAIRING_BASE_URL.replace(/\/$/, '') },
    partnerKeySecrets: env.PARTNER_KEY_SECRETS,
    sandboxRailUrl: env.SANDBOX_RAIL_URL?.replace(/\/$/, ''),
    payoutTasksPerSecond: env.PAYOUT_TASKS_PER_SECOND,
    outboxPollMs: env.OUTBOX_POLL_MS,
    webhookDelayMs: env.WEBHOOK_DELAY_MS,
    admin: { host: env.WORKER_ADMIN_HOST, port: env.WORKER_ADMIN_PORT, portVariable: 'WORKER_ADMIN_PORT' },
    graceMs: env.WORKER_GRACE_MS,
    maxCachedWorkflows: env.MAX_CACHED_WORKFLOWS,
    activePatches: env.ACTIVE_PATCHES?.split(',') ?? [],
  };
}

const setup = z.object({
  ...common.shape,
  ...database.shape,
  ...temporal.shape,
  ...testClocks.shape,
  DATABASE_ADMIN_URL: url(['postgres:', 'postgresql:']),
  RETENTION_DAYS: z.coerce.number().int().min(1).default(90),
  COMPARISON_SCHEDULE_ID: z
    .string()
    .regex(/^[\w:.-]{1,200}$/, 'must be 1 to 200 of letters, digits, dot, colon, underscore, hyphen')
    .default('comparison'),
  COMPARISON_MINUTES: z.coerce.number().int().min(1).max(1_440).default(5),
});

/** How often PostgreSQL is compared with Temporal, and by which Temporal Schedule. */
export interface ComparisonSchedule {
  scheduleId: string;
  everyMinutes: number;
}

export interface SetupSettings {
  databaseUrl: string;
  databaseAdminUrl: string;
  temporal: TemporalSettings;
  retentionDays: number;
  comparison: ComparisonSchedule;
  testClockPrograms: TestClockPrograms;
}

const doctor = setup.pick({ RETENTION_DAYS: true, COMPARISON_SCHEDULE_ID: true }).extend({
  ...common.shape,
  ...database.shape,
  ...temporal.shape,
  PARTNER_KEY_SECRETS: partnerKeySecrets.optional(),
});

export interface DoctorSettings {
  databaseUrl: string;
  /** Undefined where they are not given: they belong to API and worker. */
  partnerKeySecrets: PartnerKeySecret[] | undefined;
  temporal: TemporalSettings;
  retentionDays: number;
  scheduleId: string;
}

export function readDoctorSettings(environment: NodeJS.ProcessEnv = process.env): DoctorSettings {
  const env = readEnvironment(doctor, environment);
  return {
    databaseUrl: env.DATABASE_URL,
    partnerKeySecrets: env.PARTNER_KEY_SECRETS,
    temporal: temporalSettings(env),
    retentionDays: env.RETENTION_DAYS,
    scheduleId: env.COMPARISON_SCHEDULE_ID,
  };
}

const rebuild = z.object({ ...common.shape, ...database.shape, ...temporal.shape });

export interface RebuildSettings {
  databaseUrl: string;
  temporal: TemporalSettings;
}

const audit = z.object({ ...common.shape, ...database.shape });

export function readAuditSettings(environment: NodeJS.ProcessEnv = process.env): { databaseUrl: string } {
  return { databaseUrl: readEnvironment(audit, environment).DATABASE_URL };
}

export function readRebuildSettings(environment: NodeJS.ProcessEnv = process.env): RebuildSettings {
  const env = readEnvironment(rebuild, environment);
  if (env.NODE_ENV === 'production') refuseUnsafe([plaintextTemporal(env)]);
  return { databaseUrl: env.DATABASE_URL, temporal: temporalSettings(env) };
}

export function readSetupSettings(environment: NodeJS.ProcessEnv = process.env): SetupSettings {
  const env = readEnvironment(setup, environment);
  if (env.NODE_ENV === 'production') refuseUnsafe([plaintextTemporal(env)]);
  if (new URL(env.DATABASE_URL).username === new URL(env.DATABASE_ADMIN_URL).username) {
    throw new SettingsError(
      'DATABASE_URL must name another role than DATABASE_ADMIN_URL: the application owns nothing.',
    );
  }
  return {
    databaseUrl: env.DATABASE_URL,
    databaseAdminUrl: env.DATABASE_ADMIN_URL,
    temporal: temporalSettings(env),
    retentionDays: env.RETENTION_DAYS,
    comparison: { scheduleId: env.COMPARISON_SCHEDULE_ID, everyMinutes: env.COMPARISON_MINUTES },
    testClockPrograms: testClockPrograms(env),
  };
}

function plaintextTemporal(env: z.infer<typeof temporal>): string | false {
  const host = env.TEMPORAL_ADDRESS.replace(/:\d+$/, '');
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(host);
  return (
    !local &&
    env.TEMPORAL_TLS !== 'true' &&
    env.TEMPORAL_API_KEY === undefined &&
    `TEMPORAL_ADDRESS is on another host (${host}) without TLS: set TEMPORAL_TLS=true.`
  );
}
