/** The stand-in server itself: that it behaves as the third parties are known to, and keeps what it must. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SANDBOX_ACCESS_TOKEN, startSandbox, type Sandbox } from '../dev/sandbox/server';

const ADVERTISER = '7012345678901234567';
const API = '/open_api/v1.3';
const PAYOUT = { reference: 'payout-1', advertiserId: ADVERTISER, amountMinor: 450_000, currency: 'USD' };

interface Envelope {
  code: number;
  message: string;
  request_id: string;
  data: {
    list: {
      advertiser_id?: string;
      dimensions: { stat_time_day: string };
      metrics: Record<string, string>;
    }[];
    page_info: object;
  };
}
interface Payments {
  payments: { id: string; reference: string; state: string }[];
}

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ port: 0 });
});
afterAll(() => sandbox.stop());

function send(
  url: string,
  method = 'GET',
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}
const control = (path: string, method = 'GET', body?: unknown) =>
  send(`${sandbox.url}/sandbox${path}`, method, body);
const json = async <T>(answer: Promise<Response>) => (await (await answer).json()) as T;

async function tiktok(
  path: string,
  query: Record<string, string>,
  token = SANDBOX_ACCESS_TOKEN,
): Promise<Envelope> {
  const url = `${sandbox.url}${API}${path}?${new URLSearchParams(query).toString()}`;
  const answer = await send(url, 'GET', undefined, token === '' ? {} : { 'Access-Token': token });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Envelope;
}
const info = (ids: unknown, more: Record<string, string> = {}) =>
  tiktok('/advertiser/info/', { advertiser_ids: JSON.stringify(ids), ...more });
const report = (more: Record<string, string> = {}) =>
  tiktok('/report/integrated/get/', {
    advertiser_id: ADVERTISER,
    service_type: 'AUCTION',
    report_type: 'BASIC',
    data_level: 'AUCTION_ADVERTISER',
    dimensions: '["advertiser_id","stat_time_day"]',
    metrics: '["spend","billed_cost","cash_spend","voucher_spend","currency"]',
    start_date: '2023-12-01',
    end_date: '2023-12-30',
    page: '1',
    page_size: '1000',
    ...more,
  });

describe('the played TikTok', () => {
  test('When the trailing slash is missing, then there is no such page', async () => {
    for (const path of ['/advertiser/info', '/report/integrated/get', '/anything/']) {
      const answer = await send(`${sandbox.url}${API}${path}`);
      expect([answer.status, await answer.text()]).toEqual([404, '404 page not found']);
    }
  });

  test('When the token is missing or wrong, then HTTP 200 carries 40104 or 40105', async () => {
    const query = { advertiser_ids: JSON.stringify([ADVERTISER]) };
    expect(await tiktok('/advertiser/info/', query, '')).toMatchObject({
      code: 40104,
      message: 'Access token is null, you should set it in http header with key Access-Token.',
      data: {},
    });
    expect(await tiktok('/advertiser/info/', query, 'wrong')).toMatchObject({ code: 40105, data: {} });
  });

  test('When ids are not a JSON array of strings, then the code is 40002', async () => {
    for (const ids of [[7012345678901234567n.toString(), 1], [], 'x', ['12a'], { 0: ADVERTISER }]) {
      expect(await info(ids)).toMatchObject({ code: 40002 });
    }
    expect(await tiktok('/advertiser/info/', { advertiser_ids: `[${ADVERTISER}]` })).toMatchObject({
      code: 40002,
    });
    expect(await tiktok('/advertiser/info/', { advertiser_ids: ADVERTISER })).toMatchObject({ code: 40002 });
  });

  test('When fields are named, then only these come; ids are strings', async () => {
    const answer = await info([ADVERTISER], { fields: '["advertiser_id","status"]' });
    expect(answer).toMatchObject({
      code: 0,
      message: 'OK',
      request_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    });
    expect(answer.data.list).toEqual([{ advertiser_id: ADVERTISER, status: 'STATUS_ENABLE' }]);
  });

  test('When the seeds are asked for, then the suspended one is, and the unknown one is not there', async () => {
    expect((await info(['7012345678901234569'])).data.list).toMatchObject([
      { status: 'STATUS_LIMIT', country: 'US' },
    ]);
    expect((await info(['7012345678901234568'])).data.list).toMatchObject([
      { currency: 'GBP', country: 'GB' },
    ]);
    expect(await info(['7012345678901234560'])).toMatchObject({ code: 40300 });
    expect((await info(['7012345678901234560', ADVERTISER])).data.list).toHaveLength(1);
  });

  test('When the report spans 30 days, then both ends are in it, and 31 are refused', async () => {
    const { code, data } = await report();
    expect(code).toBe(0);
    expect(data.list).toHaveLength(30);
    expect(data.list[0]?.dimensions.stat_time_day).toBe('2023-12-01 00:00:00');
    expect(data.list[29]?.dimensions.stat_time_day).toBe('2023-12-30 00:00:00');
    expect(data.page_info).toEqual({ page: 1, page_size: 1000, total_number: 30, total_page: 1 });
    expect(await report({ end_date: '2023-12-31' })).toMatchObject({
      code: 40002,
      message: expect.stringContaining('30 days') as string,
    });
  });

  test('When no page size is given, then it is 10, and pages follow each other', async () => {
    const url = { page_size: '10' };
    const pages = await Promise.all(['1', '2', '3', '4'].map((page) => report({ ...url, page })));
    expect(pages.map(({ data }) => data.list.length)).toEqual([10, 10, 10, 0]);
    expect(
      new Set(pages.flatMap(({ data }) => data.list.map((row) => row.dimensions.stat_time_day))).size,
    ).toBe(30);
  });

  test.each([
    { start_date: '2023-13-01' },
    { start_date: '1.12.2023' },
    { end_date: '2023-11-30' },
    { page: '0' },
    { page_size: '1001' },
    { page_size: 'x' },
    { metrics: '["clicks"]' },
    { metrics: 'spend' },
    { dimensions: '["stat_time_hour"]' },
    { report_type: 'AUDIENCE' },
    { data_level: 'AUCTION_AD' },
    { advertiser_id: 'x' },
  ])('When the report is asked with %j, then the code is 40002', async (wrong) => {
    expect(await report(wrong as Record<string, string>)).toMatchObject({ code: 40002, data: {} });
  });

  test('When the advertiser is not known, then its report is no permission', async () => {
    expect(await report({ advertiser_id: '7012345678901234560' })).toMatchObject({ code: 40001 });
  });

  test('When a day has no data, then its money is "-", a string', async () => {
    const { data } = await report({
      start_date: '2025-01-01',
      end_date: '2025-01-01',
      metrics: '["spend","currency"]',
    });
    expect(data.list.map((row) => row.metrics)).toEqual([{ spend: '-', currency: 'USD' }]);
  });
});

describe('the played rail', () => {
  test('When the same reference is posted twice, then it pays twice: there is no idempotency', async () => {
    const request = { ...PAYOUT, reference: 'twice' };
    const answers = await Promise.all([1, 2].map(() => send(`${sandbox.url}/rail/payouts`, 'POST', request)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    const listed = await json<{ payouts: { id: string; state: string }[] }>(
      send(`${sandbox.url}/rail/payouts?reference=twice`),
    );
    expect(listed.payouts).toMatchObject([
      { ...request, state: 'paid' },
      { ...request, state: 'paid' },
    ]);
    expect(new Set(listed.payouts.map(({ id }) => id)).size).toBe(2);
  });

  test.each([
    { ...PAYOUT, amountMinor: 0 },
    { ...PAYOUT, amountMinor: 1.5 },
    { ...PAYOUT, amountMinor: '1' },
    { ...PAYOUT, currency: 'usd' },
    { ...PAYOUT, reference: '' },
    { ...PAYOUT, advertiserId: 7 },
    { ...PAYOUT, more: 1 },
    '{"reference":',
  ])('When the body is %j, then it is refused and nothing is paid', async (body) => {
    const before = (await json<Payments>(control('/payments'))).payments.length;
    expect((await send(`${sandbox.url}/rail/payouts`, 'POST', body)).status).toBe(400);
    expect((await json<Payments>(control('/payments'))).payments).toHaveLength(before);
  });
});

describe('the control API', () => {
  test.each([
    ['USD', '12480.00', '2023-12-01', '2023-12-31'],
    ['USD', '0.05', '2024-02-01', '2024-02-29'],
    ['JPY', '1000001', '2024-02-01', '2024-02-29'],
    ['KWD', '10000.001', '2024-02-01', '2024-02-29'],
    ['USD', '90071992547409.93', '2024-02-01', '2024-02-07'],
  ])(
    'When %s %s is spread over %s to %s, then the days add up to it exactly',
    async (currency, total, from, to) => {
      await control('/advertisers/71', 'PUT', { country: 'US', currency, timezone: 'Etc/UTC' });
      const { days } = await json<{ days: Record<string, { spend: string }> }>(
        control('/advertisers/71/spend', 'PUT', { from, to, total }),
      );
      const minor = (text: string) => BigInt(text.replace('.', ''));
      const amounts = Object.values(days).map(({ spend }) => spend);
      expect(Object.keys(days)).toHaveLength((Date.parse(to) - Date.parse(from)) / 86_400_000 + 1);
      expect(amounts.reduce((sum, amount) => sum + minor(amount), 0n)).toBe(minor(total));
      const decimals = total.split('.')[1]?.length ?? 0;
      expect(new Set(amounts.map((amount) => amount.split('.')[1]?.length ?? 0))).toEqual(
        new Set([decimals]),
      );
    },
  );

  test('When a total has more decimals than its currency, or days make no sense, then it is 400', async () => {
    await control('/advertisers/72', 'PUT', { country: 'JP', currency: 'JPY', timezone: 'Asia/Tokyo' });
    for (const body of [
      { from: '2024-02-01', to: '2024-02-02', total: '10.5' },
      { from: '2024-02-02', to: '2024-02-01', total: '10' },
      { from: '2024-02-30', to: '2024-03-01', total: '10' },
      { days: { yesterday: '1' } },
      { days: { '2024-02-01': 1 } },
      {},
    ]) {
      expect((await control('/advertisers/72/spend', 'PUT', body)).status).toBe(400);
    }
    expect((await control('/advertisers/79/spend', 'PUT', { days: {} })).status).toBe(404);
  });

  test('When a fault does not fit its target, then it is 400', async () => {
    for (const body of [
      { target: 'payout', fault: 'throttle' },
      { target: 'report', fault: 'execute_then_drop' },
      { target: 'report', fault: 'code' },
      { target: 'payout_lookup', fault: 'late_visibility' },
      { target: 'payout', fault: 'drop', times: 0 },
      { target: 'payout', fault: 'drop', extra: 1 },
      { target: 'mail', fault: 'drop' },
    ]) {
      expect((await control('/faults', 'POST', body)).status).toBe(400);
    }
    expect(await json(control('/faults'))).toEqual({ faults: [] });
  });

  test('When faults are set, then they strike whom they name, as often as said, in order, until cleared', async () => {
    await control('/faults', 'POST', {
      target: 'advertiser_info',
      fault: 'throttle',
      times: 2,
      only: ADVERTISER,
    });
    await control('/faults', 'POST', { target: 'advertiser_info', fault: 'code', code: 50000 });
    const codes = [];
    for (const id of ['7012345678901234568', ADVERTISER, ADVERTISER, ADVERTISER])
      codes.push((await info([id])).code);
    expect(codes).toEqual([50000, 40100, 40100, 0]);
    await control('/faults', 'POST', { target: 'advertiser_info', fault: 'throttle', times: 99 });
    await control('/faults', 'POST', { target: 'report', fault: 'drop', only: ADVERTISER });
    expect((await control(`/faults?only=${ADVERTISER}`, 'DELETE')).status).toBe(204);
    expect(await json(control('/faults'))).toMatchObject({ faults: [{ target: 'advertiser_info' }] });
    expect((await info([ADVERTISER])).code).toBe(40100);
    expect((await control('/faults', 'DELETE')).status).toBe(204);
    expect((await info([ADVERTISER])).code).toBe(0);
  });

  test('When requests come, then they are counted by endpoint, failed ones too', async () => {
    const before = await json<Record<string, number>>(control('/requests'));
    await info([ADVERTISER]);
    await control('/faults', 'POST', { target: 'report', fault: 'drop' });
    await expect(report()).rejects.toThrow();
    const after = await json<Record<string, number>>(control('/requests'));
    expect(after).toEqual({
      ...before,
      advertiser_info: before['advertiser_info']! + 1,
      report: before['report']! + 1,
    });
  });
});

describe('Fairing', () => {
  const questions = (key?: string) =>
    send(
      `${sandbox.url}/fairing/questions`,
      'GET',
      undefined,
      key === undefined ? {} : { authorization: key },
    );
  const published = async (key: string) => {
    const { data } = await json<{ data: { prompt: string; published_at: string | null }[] }>(questions(key));
    return data.filter(({ published_at }) => published_at !== null).map(({ prompt }) => prompt);
  };

  test('When a key is given, then its beginning says what its account holds', async () => {
    expect(await published('fk_valid_1')).toHaveLength(2);
    expect((await published('fk_valid_1')).join()).toContain('How did you hear about us?');
    expect(await published('fk_notemplate_1')).toEqual(['What made you buy today?']);
  });

  test('When the key is revoked, unknown, missing or after "Bearer", then it is refused', async () => {
    for (const key of ['fk_revoked_1', 'something', undefined, 'Bearer fk_valid_1'])
      expect((await questions(key)).status).toBe(401);
  });

  test('When a fault names a key, then it strikes that key only, and requests are counted', async () => {
    const before = await json<Record<string, number>>(control('/requests'));
    for (const fault of ['throttle', 'server_error', 'garbage'])
      await control('/faults', 'POST', { target: 'fairing_questions', fault, only: 'fk_valid_2' });
    const statuses = [];
    for (const key of ['fk_valid_1', 'fk_valid_2', 'fk_valid_2'])
      statuses.push((await questions(key)).status);
    expect(statuses).toEqual([200, 429, 500]);
    await expect(published('fk_valid_2')).rejects.toThrow('is not valid JSON');
    expect((await questions('fk_valid_2')).status).toBe(200);
    const after = await json<Record<string, number>>(control('/requests'));
    expect(after).toEqual({ ...before, fairing_questions: before['fairing_questions']! + 5 });
  });
});

describe('a sandbox with a state file', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
    file = join(folder, 'deeper', 'state.json');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('When a payment is answered, then it is already on disk; after a restart it is still there', async () => {
    const first = await startSandbox({ port: 0, stateFile: file });
    const requests = Array.from({ length: 20 }, (_, i) => ({ ...PAYOUT, reference: `kept-${i}` }));
    await Promise.all(
      requests.map(async (request) => {
        expect((await send(`${first.url}/rail/payouts`, 'POST', request)).status).toBe(201);
        expect(await readFile(file, 'utf8')).toContain(`"${request.reference}"`);
      }),
    );
    await send(`${first.url}/sandbox/advertisers/${ADVERTISER}`, 'PUT', {
      country: 'CA',
      currency: 'CAD',
      timezone: 'America/Toronto',
    });
    await first.stop();

    const second = await startSandbox({ port: 0, stateFile: file });
    try {
      const { payments } = await json<Payments>(send(`${second.url}/sandbox/payments`));
      expect(payments.map(({ reference }) => reference).sort()).toEqual(
        requests.map(({ reference }) => reference).sort(),
      );
      const url = `${second.url}${API}/advertiser/info/?advertiser_ids=${encodeURIComponent(`["${ADVERTISER}"]`)}`;
      const found = await json<Envelope>(
        send(url, 'GET', undefined, { 'Access-Token': SANDBOX_ACCESS_TOKEN }),
      );
      expect(found.data.list).toMatchObject([{ country: 'CA', currency: 'CAD' }]);
    } finally {
      await second.stop();
    }
  });

  test('When the payment is made and the answer dropped, then it is on disk too', async () => {
    const own = await startSandbox({ port: 0, stateFile: file });
    try {
      await send(`${own.url}/sandbox/faults`, 'POST', { target: 'payout', fault: 'execute_then_drop' });
      await expect(send(`${own.url}/rail/payouts`, 'POST', PAYOUT)).rejects.toThrow();
      expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
        payments: [{ ...PAYOUT, state: 'paid' }],
      });
    } finally {
      await own.stop();
    }
  });

  test('When the state file is not readable, then the start fails and names it', async () => {
    const broken = join(folder, 'state.json');
    await writeFile(broken, '{"payments":');
    await expect(startSandbox({ port: 0, stateFile: broken })).rejects.toThrow(broken);
  });

  test('When the port is taken, then the error names SANDBOX_PORT', async () => {
    const port = Number(new URL(sandbox.url).port);
    await expect(startSandbox({ port })).rejects.toThrow(
      `Port ${port} is taken. Set SANDBOX_PORT to a free one.`,
    );
  });

  test('When it stops, then a request that hangs is broken off', async () => {
    const own = await startSandbox({ port: 0 });
    await send(`${own.url}/sandbox/faults`, 'POST', { target: 'payout', fault: 'execute_then_hang' });
    const hanging = expect(send(`${own.url}/rail/payouts`, 'POST', PAYOUT)).rejects.toThrow();
    let count = 0;
    while (count === 0) count = (await json<Payments>(send(`${own.url}/sandbox/payments`))).payments.length;
    await own.stop();
    await hanging;
  });
});
