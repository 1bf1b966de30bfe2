/** Settings: what is missing, malformed or unsafe is refused, and the refusal names the variable, never its value. */
import { SettingsError } from '../settings/environment';
import { readApiSettings, readSetupSettings, readWorkerSettings } from '../settings/settings';

const KEY = { key: 'a-key-of-our-own-1', role: 'caller', id: 'shop' };

const SECRETS = { s1: Buffer.alloc(32, 7).toString('base64') };
const DEVELOPMENT_SECRET = 'pps_dev_partner_key_secret_00001';

const API = {
  DATABASE_URL: 'postgres://app:secret@127.0.0.1:5432/pps',
  API_KEYS: JSON.stringify([KEY]),
  PARTNER_KEY_SECRETS: JSON.stringify(SECRETS),
};
const WORKER = {
  DATABASE_URL: API.DATABASE_URL,
  TIKTOK_BASE_URL: 'https://business-api.example/open_api/v1.3/',
  TIKTOK_ACCESS_TOKEN: 'tiktok-secret',
  FAIRING_BASE_URL: 'https://fairing.example/api/',
  PARTNER_KEY_SECRETS: API.PARTNER_KEY_SECRETS,
};
const SETUP = {
  DATABASE_URL: API.DATABASE_URL,
  DATABASE_ADMIN_URL: 'postgres://owner:secret@127.0.0.1:5432/pps',
};
const REMOTE_PLAINTEXT = { TEMPORAL_ADDRESS: 'temporal.example:7233' };
const PRODUCTION = { NODE_ENV: 'production' };
const READERS = { api: readApiSettings, worker: readWorkerSettings, setup: readSetupSettings };
const COMPLETE = { api: API, worker: WORKER, setup: SETUP };

function refusal(process: keyof typeof READERS, changes: Record<string, string | undefined>): string {
  try {
    READERS[process]({ ...COMPLETE[process], ...changes });
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return (error as Error).message;
  }
  throw new Error('The settings were taken.');
}

const keys = (...given: object[]) => ({ API_KEYS: JSON.stringify(given) });

test('When everything needed is set, then the rest has defaults for development on this machine', () => {
  expect(readApiSettings(API)).toMatchObject({
    production: false,
    host: '127.0.0.1',
    port: 8080,
    admin: { host: '127.0.0.1', port: 8090 },
    temporal: { address: '127.0.0.1:7233', namespace: 'default', tls: false },
    apiKeys: [KEY],
  });
  expect(readWorkerSettings(WORKER).admin).toMatchObject({ host: '127.0.0.1', port: 8091 });
  expect(readWorkerSettings(WORKER).tiktok.baseUrl).toBe('https://business-api.example/open_api/v1.3');
  expect(readWorkerSettings(WORKER).fairing.baseUrl).toBe('https://fairing.example/api');
  expect(readSetupSettings(SETUP).retentionDays).toBe(90);
});

const REQUIRED = Object.entries(COMPLETE).flatMap(([process, environment]) =>
  Object.keys(environment).map((variable) => [process, variable] as [keyof typeof READERS, string]),
);

test.each(REQUIRED)('When the %s lacks %s, then the refusal names it', (process, variable) => {
  for (const missing of [undefined, '']) {
    const message = refusal(process, { [variable]: missing });
    const named = message.split('\n').slice(1);
    expect(named).toEqual([`  ${variable}: is not set`]);
  }
});

test('When patches are activated, then the worker gets their ids, and without the setting none', () => {
  const { activePatches } = readWorkerSettings({ ...WORKER, ACTIVE_PATCHES: 'look-twice,pay-later' });
  expect(activePatches).toEqual(['look-twice', 'pay-later']);
  expect(readWorkerSettings(WORKER).activePatches).toEqual([]);
});

test('When several variables are wrong, then the refusal names all of them at once', () => {
  const message = refusal('api', {
    DATABASE_URL: undefined,
    API_PORT: '70000',
    API_KEYS: 'none',
    LOG_LEVEL: 'loud',
  });
  for (const variable of ['DATABASE_URL', 'API_PORT', 'API_KEYS', 'LOG_LEVEL'])
    expect(message).toContain(variable);
});

const MALFORMED: [keyof typeof READERS, string, string][] = [
  ['api', 'DATABASE_URL', 'mysql://app:secret@127.0.0.1/pps'],
  ['api', 'DATABASE_URL', 'secret'],
  ['api', 'TEMPORAL_ADDRESS', 'https://127.0.0.1:7233'],
  ['api', 'TEMPORAL_ADDRESS', '127.0.0.1'],
  ['api', 'TEMPORAL_TLS', 'yes'],
  ['api', 'TEMPORAL_UI_URL', 'javascript:alert(1)'],
  ['api', 'API_PORT', 'http'],
  ['api', 'API_PORT', '-1'],
  ['api', 'API_ADMIN_PORT', '65536'],
  ['worker', 'WORKER_ADMIN_PORT', 'admin'],
  ['api', 'NODE_ENV', 'prod'],
  ['worker', 'TIKTOK_BASE_URL', 'ftp://business-api.example'],
  ['worker', 'FAIRING_BASE_URL', 'app.fairing.co/api'],
  ['worker', 'SANDBOX_RAIL_URL', 'sandbox'],
  ['worker', 'TIKTOK_REQUESTS_PER_SECOND', '0'],
  ['worker', 'PAYOUT_TASKS_PER_SECOND', 'fast'],
  ['worker', 'OUTBOX_POLL_MS', '0'],
  ['worker', 'WORKER_GRACE_MS', '5 s'],
  ['worker', 'MAX_CACHED_WORKFLOWS', '1.5'],
  ['worker', 'ACTIVE_PATCHES', 'two patches'],
  ['worker', 'ACTIVE_PATCHES', 'one-patch,'],
  ['setup', 'RETENTION_DAYS', '0'],
  ['setup', 'DATABASE_ADMIN_URL', 'owner@127.0.0.1'],
];

test.each(MALFORMED)(
  'When the %s gets the malformed %s "%s", then the refusal names it',
  (process, variable, value) => {
    const message = refusal(process, { [variable]: value });
    expect(message).toContain(`${variable}:`);
    expect(message).not.toContain('secret');
  },
);

const MALFORMED_KEYS: [string, string][] = [
  ['no JSON', `{"key":"${KEY.key}"`],
  ['no list', JSON.stringify(KEY)],
  ['a short key', JSON.stringify([{ ...KEY, key: 'short' }])],
  ['an unknown role', JSON.stringify([{ ...KEY, role: 'root' }])],
  ['an id with a space', JSON.stringify([{ ...KEY, id: 'two words' }])],
  ['no id', JSON.stringify([{ ...KEY, id: undefined }])],
  ['an unknown member', JSON.stringify([{ ...KEY, admin: true }])],
  ['the same key twice', JSON.stringify([KEY, { ...KEY, id: 'other' }])],
  ['a partner without survey partner', JSON.stringify([{ ...KEY, role: 'partner' }])],
  [
    'a partner with an empty survey partner',
    JSON.stringify([{ ...KEY, role: 'partner', surveyPartner: '' }]),
  ],
  ['a caller with a survey partner', JSON.stringify([{ ...KEY, surveyPartner: 'kno' }])],
];

test.each(MALFORMED_KEYS)(
  'When API_KEYS holds %s, then the refusal names it and shows no key',
  (_what, value) => {
    const message = refusal('api', { API_KEYS: value });
    expect(message).toContain('API_KEYS');
    expect(message).not.toContain(KEY.key);
  },
);

const bytes = (length: number) => Buffer.alloc(length, 7).toString('base64');
const MALFORMED_SECRETS: [string, string][] = [
  ['no JSON', bytes(32)],
  ['a list', JSON.stringify([bytes(32)])],
  ['no secret at all', '{}'],
  ['a secret of 31 bytes', JSON.stringify({ s1: bytes(31) })],
  ['a secret of 33 bytes', JSON.stringify({ s1: bytes(33) })],
  ['a short secret behind a good one', JSON.stringify({ ...SECRETS, s0: bytes(16) })],
  ['a secret that is not base64', JSON.stringify({ s1: '*'.repeat(44) })],
  ['a secret in hexadecimal', JSON.stringify({ s1: Buffer.alloc(32, 7).toString('hex') })],
  ['an id that would lose its place', JSON.stringify({ 7: bytes(32) })],
  ['id and secret the wrong way round', JSON.stringify({ [bytes(32)]: 's1' })],
];

test.each(MALFORMED_SECRETS)(
  'When PARTNER_KEY_SECRETS holds %s, then API and worker refuse and show no secret',
  (_what, value) => {
    for (const process of ['api', 'worker'] as const) {
      const message = refusal(process, { PARTNER_KEY_SECRETS: value });
      expect(message).toContain('PARTNER_KEY_SECRETS: must be a JSON object');
      for (const length of [16, 31, 32, 33]) expect(message).not.toContain(bytes(length).slice(0, 12));
    }
  },
);

test('When PARTNER_KEY_SECRETS holds several secrets, then they keep their order', () => {
  const PARTNER_KEY_SECRETS = JSON.stringify({ s9: bytes(32), s1: bytes(32), a: bytes(32) });
  const { partnerKeySecrets } = readApiSettings({ ...API, PARTNER_KEY_SECRETS });
  expect(partnerKeySecrets.map(({ id }) => id)).toEqual(['s9', 's1', 'a']);
  expect(partnerKeySecrets[0]!.secret).toEqual(Buffer.alloc(32, 7));
});

describe('in production', () => {
  test.each(['api', 'worker'] as const)(
    'When PARTNER_KEY_SECRETS holds the development secret, then the %s refuses',
    (process) => {
      const old = Buffer.from(DEVELOPMENT_SECRET).toString('base64');
      const development = { PARTNER_KEY_SECRETS: JSON.stringify({ ...SECRETS, old }) };
      const message = refusal(process, { ...PRODUCTION, ...development });
      expect(message).toContain('PARTNER_KEY_SECRETS');
      expect(message).not.toContain(old);
      expect(() => READERS[process]({ ...COMPLETE[process], ...development })).not.toThrow();
      expect(() => READERS[process]({ ...COMPLETE[process], ...PRODUCTION })).not.toThrow();
    },
  );

  test('When API_KEYS holds a development key, then the API refuses', () => {
    const development = { ...KEY, key: 'pps_dev_caller_shop-app' };
    const message = refusal('api', { ...PRODUCTION, ...keys(KEY, development) });
    expect(message).toContain('API_KEYS');
    expect(message).not.toContain(development.key);
    expect(readApiSettings({ ...API, ...keys(development) }).apiKeys).toHaveLength(1);
  });

  test.each(['api', 'worker', 'setup'] as const)(
    'When Temporal is on another host without TLS, then the %s refuses',
    (process) => {
      expect(refusal(process, { ...PRODUCTION, ...REMOTE_PLAINTEXT })).toContain('TEMPORAL_ADDRESS');
      const read = (more: object) => READERS[process]({ ...COMPLETE[process], ...PRODUCTION, ...more });
      expect(read({ ...REMOTE_PLAINTEXT, TEMPORAL_TLS: 'true' }).temporal.tls).toBe(true);
      expect(read({ ...REMOTE_PLAINTEXT, TEMPORAL_API_KEY: 'key' }).temporal.tls).toBe(true);
      expect(read({ TEMPORAL_ADDRESS: '127.0.0.1:7233' }).temporal.tls).toBe(false);
    },
  );

  test('When TikTok is asked over plain HTTP, then the worker refuses', () => {
    expect(refusal('worker', { ...PRODUCTION, TIKTOK_BASE_URL: 'http://business-api.example' })).toContain(
      'TIKTOK_BASE_URL',
    );
  });

  test('When Fairing is asked over plain HTTP, then the worker refuses', () => {
    expect(refusal('worker', { ...PRODUCTION, FAIRING_BASE_URL: 'http://fairing.example/api' })).toContain(
      'FAIRING_BASE_URL',
    );
  });

  test('When several settings are unsafe, then the refusal gives every reason', () => {
    const unsafe = {
      ...PRODUCTION,
      ...REMOTE_PLAINTEXT,
      ...keys({ ...KEY, key: 'pps_dev_caller_shop-app' }),
    };
    const message = refusal('api', unsafe);
    for (const variable of ['API_KEYS', 'TEMPORAL_ADDRESS']) expect(message).toContain(variable);
  });
});

test('When application and owner of the database are one role, then setup refuses', () => {
  const message = refusal('setup', { DATABASE_ADMIN_URL: SETUP.DATABASE_URL });
  expect(message).toContain('DATABASE_URL');
  expect(message).toContain('DATABASE_ADMIN_URL');
});
