/** docker-compose.yml and Dockerfile against settings, defaults and README. Needs no Docker and no servers. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';
import { SANDBOX_ACCESS_TOKEN } from '../dev/sandbox/server';
import { DEVELOPMENT_KEYS, DEVELOPMENT_PARTNER_KEY_SECRETS } from '../dev/settings';
import { readApiSettings, readSetupSettings, readWorkerSettings } from '../settings/settings';
import { printedGuide } from './support/printedGuide';
import { readSource, ROOT, variablesRead } from './support/sources';

interface Service {
  image: string;
  build?: string;
  command?: string[];
  environment: Record<string, string>;
  ports?: string[];
  network_mode?: string;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  restart?: string;
}

type Name =
  'postgres' | 'temporal-schema' | 'temporal' | 'temporal-ui' | 'setup' | 'api' | 'worker' | 'sandbox';

const compose = parse(readSource('docker-compose.yml'), { merge: true }) as {
  services: Record<Name, Service>;
};
const { services } = compose;
const names = Object.keys(services) as Name[];
const ours = ['setup', 'api', 'worker', 'sandbox'] as const;
const oneShot = ['temporal-schema', 'setup'];
const dockerfile = readSource('Dockerfile');

/** The README's requests are for these; the same as those of `npm start`. */
const PORTS: Partial<Record<Name, string>> = {
  postgres: '127.0.0.1:5433:5432',
  temporal: '127.0.0.1:7233:7233',
  'temporal-ui': '127.0.0.1:8233:8233',
  api: '127.0.0.1:8080:8080',
  sandbox: '127.0.0.1:4010:4010',
};

test('When a service gets its environment, then its settings are read from it without an error', () => {
  const api = readApiSettings(services.api.environment);
  const worker = readWorkerSettings(services.worker.environment);
  const setup = readSetupSettings(services.setup.environment);
  expect(api.apiKeys).toEqual(DEVELOPMENT_KEYS);
  const secrets = JSON.parse(services.api.environment['PARTNER_KEY_SECRETS']!) as unknown;
  expect(secrets).toEqual(DEVELOPMENT_PARTNER_KEY_SECRETS);
  expect(worker.partnerKeySecrets).toEqual(api.partnerKeySecrets);
  expect(worker.temporal).toEqual(api.temporal);
  expect({ ...setup.temporal }).toEqual(api.temporal);
  expect([worker.databaseUrl, setup.databaseUrl]).toEqual([api.databaseUrl, api.databaseUrl]);
  expect(worker.tiktok.accessToken).toBe(SANDBOX_ACCESS_TOKEN);
  for (const { production } of [api, worker]) expect(production).toBe(false);
});

test.each(ours)('When %s names a variable, then somebody reads it', (name) => {
  const unread = Object.keys(services[name].environment).filter((key) => !variablesRead().includes(key));
  expect(unread).toEqual([]);
});

test('When the settings have a default port, then the service listens on it', () => {
  const {
    DATABASE_URL,
    API_KEYS,
    TIKTOK_BASE_URL,
    TIKTOK_ACCESS_TOKEN,
    FAIRING_BASE_URL,
    PARTNER_KEY_SECRETS,
  } = {
    ...services.api.environment,
    ...services.worker.environment,
  };
  const api = readApiSettings({ DATABASE_URL, API_KEYS, PARTNER_KEY_SECRETS });
  const worker = readWorkerSettings({
    DATABASE_URL,
    TIKTOK_BASE_URL,
    TIKTOK_ACCESS_TOKEN,
    FAIRING_BASE_URL,
    PARTNER_KEY_SECRETS,
  });
  expect(readApiSettings(services.api.environment).port).toBe(api.port);
  expect(readApiSettings(services.api.environment).temporalUiUrl).toBe(api.temporalUiUrl);
  expect(readApiSettings(services.api.environment).admin).toEqual(api.admin);
  expect(readWorkerSettings(services.worker.environment).admin).toEqual(worker.admin);
  const start = readSource('dev/start.ts');
  for (const [variable, port] of [
    ['SANDBOX_PORT', '4010'],
    ['POSTGRES_PORT', '5433'],
    ['TEMPORAL_PORT', '7233'],
    ['TEMPORAL_UI_PORT', '8233'],
    ['API_PORT', '8080'],
    ['API_ADMIN_PORT', '8090'],
    ['WORKER_ADMIN_PORT', '8091'],
  ])
    expect(start).toContain(`portOf('${variable}', ${port})`);
});

test('When a port is published, then it is bound to 127.0.0.1 and is that of npm start', () => {
  for (const name of names)
    expect([name, services[name].ports ?? []]).toEqual([name, [PORTS[name] ?? []].flat()]);
});

test('When the worker calls the sandbox, then it does so over loopback, in the network that both share', () => {
  expect(services.worker.network_mode).toBe('service:sandbox');
  expect(services.worker.ports).toBeUndefined();
  const { SANDBOX_PORT } = services.sandbox.environment;
  const { TIKTOK_BASE_URL, FAIRING_BASE_URL, SANDBOX_RAIL_URL } = services.worker.environment;
  for (const url of [TIKTOK_BASE_URL, FAIRING_BASE_URL, SANDBOX_RAIL_URL])
    expect(new URL(url!).host).toBe(`127.0.0.1:${SANDBOX_PORT}`);
  expect(services.worker.environment['WORKER_ADMIN_PORT']).not.toBe(SANDBOX_PORT);
});

test('When an image is named, then it is pinned to an exact version', () => {
  const images = names.filter((name) => !services[name].build).map((name) => services[name].image);
  const stages = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image!);
  expect(images).toHaveLength(4);
  expect(stages).toHaveLength(3);
  for (const image of [...images, ...stages]) expect(image).toMatch(/^[a-z/-]+:\d+\.\d+(\.\d+)?(-[a-z-]+)?$/);
  expect(new Set(stages).size).toBe(1);
  expect(stages[0]).toMatch(/-slim$/);
  const [, schemaVersion] = services['temporal-schema'].image.split(':');
  expect(services.temporal.image.split(':')[1]).toBe(schemaVersion);
  expect(services['temporal-ui'].image).toMatch(/:2\./);
});

test('When a service waits for another, then that one can become what it waits for', () => {
  for (const name of names) {
    for (const [other, { condition }] of Object.entries(services[name].depends_on ?? {})) {
      const there = services[other as Name];
      const possible = oneShot.includes(other) ? 'service_completed_successfully' : 'service_healthy';
      expect([name, other, condition]).toEqual([name, other, possible]);
      if (possible === 'service_healthy')
        expect([other, there.healthcheck]).toEqual([other, expect.anything()]);
      else expect([other, there.restart]).toEqual([other, expect.stringMatching(/^on-failure:\d+$/)]);
    }
  }
  const waitsFor = (name: Name) => Object.keys(services[name].depends_on ?? {}).sort();
  expect(waitsFor('setup')).toEqual(['postgres', 'temporal']);
  expect(waitsFor('api')).toEqual(['setup']);
  expect(waitsFor('worker')).toEqual(['sandbox', 'setup']);
});

test.each(['api', 'worker', 'sandbox'] as const)(
  'When %s is asked whether it is healthy, then the command tells 200 from 503 and from nobody there',
  async (name) => {
    const [cmd, node, ...args] = services[name].healthcheck!.test;
    expect([cmd, node]).toEqual(['CMD', 'node']);
    let status = 200;
    const server = createServer((request, response) => response.writeHead(status).end(request.url));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ask = () => runNode(args.map((arg) => arg.replace(/(127\.0\.0\.1):\d+/, `$1:${port}`)));
    expect(await ask()).toBe(0);
    status = 503;
    expect(await ask()).toBe(1);
    await new Promise((resolve) => server.close(resolve));
    expect(await ask()).toBe(1);
  },
);

test('When a container runs a file, then the image holds it', () => {
  for (const name of ours) {
    for (const file of services[name].command!.filter((argument) => /\.(js|json)$/.test(argument))) {
      const source = file.replace(/^dist\/(.*)\.js$/, '$1.ts');
      expect([file, existsSync(join(ROOT, source))]).toEqual([file, true]);
      const folder = file.split('/').slice(0, -1).join('/');
      expect(dockerfile).toMatch(new RegExp(`^COPY (--from=build /app/)?${folder} \\./${folder}$`, 'm'));
    }
  }
  const copied = [...dockerfile.matchAll(/^COPY --from=build \/app\/dist\/([a-z]+) /gm)].map(
    ([, room]) => room!,
  );
  expect(copied.sort()).toEqual([
    'activities',
    'api',
    'database',
    'deploy',
    'integrations',
    'monitoring',
    'program',
    'settings',
    'temporal',
    'worker',
    'workflows',
  ]);
});

test('When the image runs, then it is as another user than root, in production unless told otherwise', () => {
  const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  expect(lastStage).toContain('\nUSER node\n');
  expect(lastStage).toContain('\nENV NODE_ENV=production\n');
  expect(lastStage).toContain('COPY --from=production-packages /app/node_modules ');
  expect(dockerfile).toMatch(/^RUN npm ci --omit=dev /m);
});

test('When the README shows its first request, then it is that of npm start, to the port that compose publishes', () => {
  const firstOf = (text: string) => /^curl .*$/m.exec(text)![0];
  const first = firstOf(readSource('README.md'));
  expect(first).toBe(firstOf(printedGuide()));
  const [host, published] = services.api.ports![0]!.split(':');
  expect(first).toContain(`http://${host}:${published}/v1/enrollments`);
  expect(services.setup.command).toContain('program/definitions/pps-demo.json');
});

/** Its exit code. Not by spawnSync: the server that it asks runs in this process. */
function runNode(args: string[]): Promise<number | null> {
  return new Promise((resolve) => spawn(process.execPath, args).once('exit', resolve));
}
