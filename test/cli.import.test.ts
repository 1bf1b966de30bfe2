/** `pps import` and `pps export`: files to and from the running service, also when connections break and people leave. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '../dev/apiClient';
import { openCommandLine, type CommandLine, type Ended } from './support/commandLine';
import { startCuttableProxy } from './support/cuttableProxy';
import { importFile, textOf } from './support/importFiles';
import { ADVERTISER, startTestService, type TestService } from './support/testService';

let t: TestService;
let cli: CommandLine;
beforeAll(async () => {
  t = await startTestService({ environment: { IMPORT_STARTS_PER_SECOND: '50' } });
  cli = openCommandLine();
});
afterAll(async () => {
  cli?.close();
  await t?.stop();
});

function pps(args: string, url = t.service.apiUrl): Promise<Ended> {
  return cli.shell(
    `PPS_URL='${url}' PPS_API_KEY=pps_dev_caller_shop-app; export PPS_URL PPS_API_KEY; pps ${args}`,
  );
}

const pace = (from: string) => t.db.query(`update import_pace set free_from = now() + interval '${from}'`);

test('When all rows are good, then the exit code is 0 and --json is the batch', async () => {
  cli.write('good.csv', textOf(importFile(5)));
  const { code, stdout, stderr } = await pps(
    `import good.csv --program ${t.programId} --failed failed.csv --json`,
  );
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { total: 5, done: 5, failed: 0, pending: 0 }]);
  // Not a terminal: lines, and nothing that draws.
  expect(stderr).toMatch(/^Sending good\.csv: 100 % of [\d,]+ bytes\n(Enrolling: .*\n)*$/);
  expect(cli.filesNow()).not.toContain('failed.csv');
});

test('When rows fail, then a file names them with their reasons, and the exit code is 1', async () => {
  const rows = [t.form(), { ...t.form(), advertiserId: 'abc' }, t.form({ storePlatform: '=1+1' })];
  const lines = rows.map((row) => JSON.stringify({ ...row, programId: undefined }));
  cli.write('some.ndjson', [...lines, 'no JSON'].join('\n'));
  const { code, stdout, stderr } = await pps(
    `import some.ndjson --program ${t.programId} --failed some.failed.csv`,
  );
  expect([code, stdout]).toEqual([
    1,
    expect.stringMatching(/^4 rows: 1 enrolled, 3 failed \(bat_\w+\)\.\n$/) as string,
  ]);
  expect(stderr).toContain('3 rows have failed: some.failed.csv\n');
  const [header, ...failed] = cli.read('some.failed.csv').trimEnd().split('\n');
  expect(header).toBe('row,code,detail,errors');
  expect(failed).toEqual([
    expect.stringMatching(/^2,INVALID_REQUEST,.*\/advertiserId must be the digits/) as string,
    expect.stringMatching(/^3,INVALID_REQUEST,.*\/storePlatform must be one of/) as string,
    expect.stringMatching(/^4,INVALID_REQUEST,.*must be a JSON object on one line/) as string,
  ]);
});

test('When the connection breaks while a file is sent, then it goes on by itself, and each row is there once', async () => {
  const proxy = await startCuttableProxy(new URL(t.service.apiUrl).host);
  try {
    await pace('1 hour');
    const file = importFile(20_000);
    cli.write('large.csv', textOf(file));
    const sent = pps(`import large.csv --program ${t.programId} --json`, `http://${proxy.address}`);
    const stored = async () =>
      (
        await t.db.query<{ batchId: string; rows: number; isAccepted: boolean }>(
          `select batch_id as "batchId", rows, accepted_at is not null as "isAccepted" from enrollment_import order by last_row_at desc limit 1`,
        )
      ).rows[0]!;
    await eventually(stored, ({ rows, isAccepted }) => rows > 1_000 && !isAccepted);
    proxy.cut();
    const { batchId } = await stored();
    expect(await stored()).toMatchObject({ isAccepted: false });
    proxy.restore();
    await eventually(stored, ({ isAccepted }) => isAccepted);
    expect(await stored()).toEqual({ batchId, rows: 20_000, isAccepted: true });
    await t.db.query(
      `update batch_item set status = 'failed', content = null, result = '{"status": 400}' where batch_id = $1`,
      [batchId],
    );
    const { code, stdout } = await sent;
    expect([code, JSON.parse(stdout)]).toMatchObject([1, { batchId, total: 20_000 }]);
  } finally {
    await pace('0 s');
    await proxy.stop();
  }
});

test('When somebody presses Ctrl-C, then the import goes on, and --resume waits for it', async () => {
  await pace('1 hour');
  cli.write('left.csv', textOf(importFile(10, { badEvery: 5 })));
  const left = pps(
    `import left.csv --program ${t.programId} 2> left.txt & echo $! > left.pid; wait $!; echo "code $?"`,
  );
  const told = () => Promise.resolve(cli.filesNow().includes('left.txt') ? cli.read('left.txt') : '');
  await eventually(told, (text) => text.includes('Enrolling: 2 of 10 rows, 2 failed'));
  process.kill(Number(cli.read('left.pid')), 'SIGINT');
  expect((await left).stdout).toBe('code 130\n');
  const [, resume] =
    /The import goes on without us\. Wait for it with: pps (import --resume bat_\w+)\n$/.exec(await told())!;
  await pace('0 s');
  const { code, stdout, stderr } = await pps(`${resume} --failed resumed.csv`);
  expect([code, stdout]).toEqual([1, expect.stringMatching(/^10 rows: 8 enrolled, 2 failed/) as string]);
  expect(stderr).toContain('2 rows have failed: resumed.csv\n');
  expect(cli.read('resumed.csv').split('\n')).toHaveLength(4);
});

test('When the service cannot be reached while a file is sent, then it is said how to come back', async () => {
  const proxy = await startCuttableProxy(new URL(t.service.apiUrl).host);
  proxy.cut();
  cli.write('later.csv', textOf(importFile(2)));
  const { code, stderr } = await pps(
    `import later.csv --program ${t.programId} --key k1`,
    `http://${proxy.address}`,
  );
  await proxy.stop();
  expect([code, stderr]).toEqual([
    4,
    expect.stringContaining(
      `It goes on with: pps import later.csv --program ${t.programId} --key k1\n`,
    ) as string,
  ]);
}, 120_000);

test.each([
  ['', 'Name either a file, or with --resume a batch.'],
  ['a.csv --resume bat_1', 'Name either a file, or with --resume a batch.'],
  ['a.csv', '--program is missing'],
  ['a.xlsx --program p', 'the format is told by the extension'],
  ['not-there.csv --program p', 'not-there.csv cannot be read'],
])('When it is used as "pps import %s", then the exit code is 2 and says why', async (args, said) => {
  const { code, stderr } = await pps(`import ${args}`);
  expect([code, stderr]).toEqual([2, expect.stringContaining(said) as string]);
});

test('When a file is refused, then the sentence names the row, and the exit code is 3', async () => {
  const [header, ...rows] = textOf(importFile(3)).trimEnd().split('\r\n');
  cli.write('broken.csv', [header, rows[0], rows[1]!.replace('Nora', 'No"ra')].join('\n'));
  const { code, stderr } = await pps(`import broken.csv --program ${t.programId}`);
  expect([code, stderr]).toEqual([
    3,
    expect.stringContaining('Row 3: A quotation mark is out of place') as string,
  ]);
});

describe('export', () => {
  test('When enrollments are exported to a file, then it is what the service sends', async () => {
    const expected = (await pps('export')).stdout;
    expect(expected.split('\n').length).toBeGreaterThan(10);
    const { code, stdout } = await pps('export -o all.csv --json');
    expect([code, JSON.parse(stdout)]).toEqual([0, { file: 'all.csv', bytes: Buffer.byteLength(expected) }]);
    expect(cli.read('all.csv')).toBe(expected);
    expect((await pps('export --status paid,ineligible')).stdout.trimEnd().split('\n')).toHaveLength(1);
    expect((await pps('export | head -1')).stdout).toBe(`${expected.split('\n')[0]}\n`);
  });

  test('When the connection breaks before the end, then the file stays as it was, and the exit code is 4', async () => {
    const breaking = createServer((_request, response) => {
      response
        .writeHead(200, { 'content-type': 'text/csv' })
        .write('id,programId\nenr_1,', () => response.destroy());
    });
    await new Promise<void>((resolve) => breaking.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(breaking.address() as AddressInfo).port}`;
    cli.write('kept.csv', 'as before');
    const { code, stderr } = await pps('export -o kept.csv', url);
    const printed = await pps('export --json', url);
    breaking.close();
    expect([printed.code, printed.stderr]).toEqual([
      4,
      'The connection broke before the end. What was printed is not all of it. Try it again.\n',
    ]);
    expect([code, stderr]).toEqual([
      4,
      'The connection broke before the end. kept.csv was not written. Try it again.\n',
    ]);
    expect(cli.read('kept.csv')).toBe('as before');
    expect(cli.filesNow().filter((name) => name.startsWith('.kept'))).toEqual([]);
  });
});

describe('pps batch', () => {
  const asPartner = (args: string) =>
    cli.shell(
      `PPS_URL='${t.service.apiUrl}' PPS_API_KEY=pps_dev_partner_kno; export PPS_URL PPS_API_KEY; pps batch ${args}`,
    );

  async function giveThree(): Promise<string> {
    const word = { outcome: 'confirmed', advertiserId: ADVERTISER };
    const items = [
      { ...word, brandDomain: 'stands.example' },
      { ...word, brandDomain: 'shop.stands.example' },
      { ...word, enrollmentId: 'enr_nobody' },
    ];
    const { body } = await t.partner.post<{ batchId: string }>('/v1/partner-confirmations', { items });
    return body.batchId;
  }

  test('When items stand and fail, then they are counted, the failed ones are named, and --wait exits with 1', async () => {
    const batchId = await giveThree();
    const { code, stdout, stderr } = await asPartner(`${batchId} --wait --failed not-done.csv`);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/2 of 3 failed\.\n$/) as string]);
    expect(stdout).toMatch(new RegExp(`^Batch ${batchId}: partner confirmations\n`));
    expect(stdout).toMatch(/Standing +1, until their brands enroll\n +Done +0\n +Failed +2\n/);
    expect(stdout).toMatch(/ 2 +INVALID_REQUEST +.*must be the registrable domain, stands\.example\n/);
    expect(stdout).toMatch(/ 3 +NOT_FOUND +There is no such enrollment\.\n/);
    const [header, first, second] = cli.read('not-done.csv').split('\n');
    expect(header).toBe('position,code,detail,errors');
    expect([first, second]).toEqual([
      expect.stringMatching(/^2,INVALID_REQUEST,/) as string,
      expect.stringMatching(/^3,NOT_FOUND,/) as string,
    ]);
    const again = await asPartner(`${batchId} --json`);
    expect([again.code, JSON.parse(again.stdout)]).toMatchObject([0, { batchId, standing: 1, failed: 2 }]);
  });

  test('When there is no such batch, or it is of somebody else, then the exit code is 3', async () => {
    const batchId = await giveThree();
    expect(await pps(`batch ${batchId}`)).toMatchObject({ code: 3, stdout: '' });
    expect(await asPartner('bat_nobody')).toMatchObject({ code: 3, stdout: '' });
  });
});
