/** The export of enrollments as CSV: what stands in it, and that it is sent as it is read, however slow its reader is. */
import { get, type IncomingMessage } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parse } from 'csv-parse/sync';
import { openApiDocument } from '../api/openapi';
import { ROUTES } from '../api/routes';
import { eventually, type Enrollment } from '../dev/apiClient';
import { startSecond, startTestService, type Form, type TestService } from './support/testService';

type Row = Record<string, string>;

/** More than the sockets between the service and a reader that does not read can hold. */
const MANY = 20_000;

let t: TestService;
beforeAll(async () => {
  t = await startTestService();
});
afterAll(() => t?.stop());

const KEYS = {
  caller: 'pps_dev_caller_shop-app',
  otherCaller: 'pps_dev_caller_other-app',
  partner: 'pps_dev_partner_kno',
  admin: 'pps_dev_admin_ana',
};

async function ask(query: string, who: keyof typeof KEYS = 'caller'): Promise<Response> {
  const headers = { authorization: `Bearer ${KEYS[who]}` };
  return fetch(`${t.service.apiUrl}/v1/enrollments/export${query}`, { headers });
}

async function rows(query = '', who?: keyof typeof KEYS): Promise<Row[]> {
  const response = await ask(query, who);
  expect(response.status).toBe(200);
  return rowsOf(await response.text());
}

const rowsOf = (csv: string): Row[] => parse(csv, { columns: true });

async function enroll(changes: Partial<Form & { externalId: string }>, by = t.caller): Promise<Enrollment> {
  const { status, body } = await by.post('/v1/enrollments', t.form(changes));
  expect(status).toBe(201);
  return body;
}

/** Many enrollments like one that is there, of a program of their own name, made behind the service's back. */
async function copies(of: string, count: number, name: string): Promise<void> {
  await t.db.query(
    `insert into enrollment (enrollment_id, program_id, brand_key, workflow_id, owner, survey_partner, started_at, state,
       status, calculation_month, waiting_for, created_at)
     select $3 || n, program_id, $3 || n || '.example', $3 || n, owner, $3, started_at, state,
            status, calculation_month, waiting_for, created_at + n * interval '1 ms'
       from enrollment, generate_series(1, $2::int) n where enrollment_id = $1`,
    [of, count, name],
  );
}

describe('what stands in it', () => {
  test('When a cell would be a formula, then a spreadsheet shows it as text, and all else is as it was sent', async () => {
    const brand = (name: string, index: number) => ({ name, storeUrl: `https://formula${index}.example` });
    const names = [
      '=HYPERLINK("http://evil.example","Click")',
      '+1',
      '-1',
      '@SUM(A1)',
      'Süd, "Wind"',
      "'tis",
    ];
    for (const [index, name] of names.entries())
      await enroll({ brand: brand(name, index), externalId: `=${index}` });
    const exported = (await rows()).filter((row) => row['brand.domain']!.startsWith('formula'));
    expect(exported.map((row) => row['brand.name'])).toEqual([
      ...names.slice(0, 4).map((name) => `'${name}`),
      ...names.slice(4),
    ]);
    expect(exported.map((row) => row['externalId'])).toEqual(names.map((_name, index) => `'=${index}`));
  });

  test('When a text holds what separates cells elsewhere, then it is quoted, so that no formula begins in it', async () => {
    const name = "Wind;=cmd|'/C calc'!A0;x";
    await enroll({ brand: { name, storeUrl: 'https://semicolons.example' } });
    expect(await (await ask('')).text()).toContain(`"${name}"`);
  });

  test('When an enrollment is exported, then its fields are those of the answer, amounts in minor units', async () => {
    const { id } = await enroll({});
    await t.untilEvent(id, 'advertiser_located');
    const credit = { amountMinor: 450_000, currency: 'USD', statementId: 'st_1' };
    await t.db.query(
      `update enrollment set state = jsonb_set(state, '{credit}', $2) where enrollment_id = $1`,
      [id, JSON.stringify(credit)],
    );
    const enrollment = (await t.caller.get(`/v1/enrollments/${id}`)).body as Enrollment & {
      createdAt: string;
    };
    const exported = (await rows()).find((row) => row['id'] === id)!;
    expect(exported).toMatchObject({
      programId: t.programId,
      surveyPartner: 'kno',
      advertiserId: enrollment.advertiserId,
      status: enrollment.status,
      statusText: enrollment.statusText,
      waitingFor: enrollment.waitingFor.map(({ who, what }) => `${who}:${what}`).join(' '),
      calculationMonth: enrollment.calculationMonth,
      calculationDate: enrollment.calculationDate,
      createdAt: enrollment.createdAt,
      'credit.amountMinor': '450000',
      'credit.currency': 'USD',
      'criteria.subscription': 'pending',
      'criteria.advertiser_located': 'verified',
      'onHold.since': '',
    });
  });

  test('When somebody exports, then it is what the same key lists with the same filters', async () => {
    const theirs = await enroll({ surveyPartner: 'fairing' }, t.otherCaller);
    const held = await enroll({});
    await t.untilEvent(held.id, 'advertiser_located');
    await t.admin.post(`/v1/enrollments/${held.id}/hold`, { reasonCode: 'FRAUD_REVIEW', note: 'Two shops.' });
    const listed = async (query: string, client: TestService['caller']) =>
      (await client.get<{ items: Enrollment[] }>(`/v1/enrollments?sort=createdAt&limit=200${query}`)).body
        .items;
    const clients = { caller: t.caller, otherCaller: t.otherCaller, partner: t.partner, admin: t.admin };
    for (const who of Object.keys(KEYS) as (keyof typeof KEYS)[]) {
      for (const filter of [
        '',
        '&partner=fairing',
        '&reasonCode=FRAUD_REVIEW',
        '&status=verifying&status=paid',
      ]) {
        const ids = (await rows(filter.replace('&', '?'), who)).map((row) => row['id']);
        expect([who, filter, ids]).toEqual([
          who,
          filter,
          (await listed(filter, clients[who])).map(({ id }) => id),
        ]);
      }
    }
    expect((await rows('', 'otherCaller')).map((row) => row['id'])).toEqual([theirs.id]);
  });

  test('When nothing is there, then the file has its header only, of the type that the document says', async () => {
    const response = await ask('?brandDomain=nobody.example');
    const type = response.headers.get('content-type')!;
    expect(type).toBe('text/csv; charset=utf-8');
    expect((await response.text()).split(',')[0]).toBe('id');
    const { paths } = openApiDocument(ROUTES) as {
      paths: Record<string, Record<string, { responses: Record<string, { content: object }> }>>;
    };
    const documented = paths['/v1/enrollments/export']!['get']!.responses['200']!.content;
    expect(Object.keys(documented)).toEqual([type.split(';')[0]]);
  });

  test('When a filter is unknown or wrong, then it is a problem and no file', async () => {
    const response = await ask('?after=x&month=1');
    expect(response.status).toBe(400);
    expect(
      ((await response.json()) as { errors: { pointer: string }[] }).errors
        .map(({ pointer }) => pointer)
        .sort(),
    ).toEqual(['/after', '/month']);
  });
});

describe('a reader that is slow', () => {
  /** Has read the beginning, and then nothing more until it is told to. */
  async function beginToRead(
    program: string,
    apiUrl = t.service.apiUrl,
  ): Promise<{ untilEnd: () => Promise<Row[]> }> {
    const headers = { authorization: `Bearer ${KEYS.admin}` };
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      get(`${apiUrl}/v1/enrollments/export?partner=${program}`, { headers }, resolve).on('error', reject),
    );
    let csv = '';
    const begun = new Promise<void>((resolve) => {
      response.setEncoding('utf8').on('data', (text: string) => {
        csv += text;
        if (csv === text) {
          response.pause();
          resolve();
        }
      });
    });
    await begun;
    return {
      async untilEnd() {
        const ended = finished(response);
        response.resume();
        await ended;
        return rowsOf(csv);
      },
    };
  }

  /** The service waits for its reader: it asks nothing of the database, and holds no transaction. */
  async function untilDatabaseIsLeftAlone(): Promise<void> {
    const role = new URL(t.plan.databaseUrl).username;
    const last = async () => {
      const { rows } = await t.db.query<{ transactions: number; last: string }>(
        `select count(xact_start)::int as transactions, max(query_start) filter (where query like '%source%')::text as last
           from pg_stat_activity where usename = $1 and query not like '%outbox%'`,
        [role],
      );
      return rows[0]!;
    };
    let before = await last();
    await eventually(last, (now) => {
      const isAtRest = now.transactions === 0 && now.last === before.last;
      before = now;
      return isAtRest;
    });
  }

  const original = { id: '' };
  beforeAll(async () => {
    original.id = (await enroll({})).id;
    await t.untilEvent(original.id, 'advertiser_located');
  });

  test('When rows change while they are exported, then each comes once, as it is when it is read', async () => {
    await copies(original.id, MANY, 'slow');
    const reader = await beginToRead('slow');
    await untilDatabaseIsLeftAlone();
    // The last of them have not been read yet: they are as they will be then.
    await t.db.query(
      `update enrollment set status = 'measuring', updated_at = now() where survey_partner = 'slow'`,
    );
    await t.db.query(`update enrollment set calculation_month = '2024-01' where enrollment_id = $1`, [
      `slow${MANY}`,
    ]);
    await t.db.query(
      `update enrollment set state = jsonb_set(state, '{period,month}', '"2024-01"') where enrollment_id = $1`,
      [`slow${MANY}`],
    );
    const read = await reader.untilEnd();
    const expected = Array.from({ length: MANY }, (_, index) => `slow${index + 1}`);
    expect(read.map((row) => row['id'])).toEqual(expected);
    expect(read.at(-1)!['calculationMonth']).toBe('2024-01');
  });

  test('When a reader takes nothing more of its answer, then it is cut off in a bounded time', async () => {
    await copies(original.id, MANY, 'gone');
    const impatient = await startSecond(t, { environment: { REQUEST_TIMEOUT_MS: '1000' } });
    try {
      const reader = await beginToRead('gone', impatient.apiUrl);
      const log = join(t.plan.logDirectory, 'second', 'api.log');
      const isCutOff = (text: string) => text.includes('a file was not sent to its end');
      await eventually(() => readFile(log, 'utf8'), isCutOff, 20_000);
      await expect(reader.untilEnd()).rejects.toThrow(/aborted|premature/i);
    } finally {
      await impatient.stop();
    }
  });

  test('When reading fails midway, then the connection breaks: it is no clean end', async () => {
    await copies(original.id, MANY, 'broken');
    const reader = await beginToRead('broken');
    await untilDatabaseIsLeftAlone();
    await t.db.query('revoke select on enrollment from pps_app');
    try {
      await expect(reader.untilEnd()).rejects.toThrow(/aborted|premature/i);
    } finally {
      await t.db.query('grant select on enrollment to pps_app');
    }
    expect(await rows('?brandDomain=broken1.example', 'admin')).toHaveLength(1);
  });
});
