/** What the options of `pps` do at the running service, what an approver decides with it, and how it looks on a terminal. */
import { eventually, type Enrollment } from '../dev/apiClient';
import { newAdvertiser } from './support/advertisers';
import { importFile } from './support/importFiles';
import { ownProgram } from './support/ownProgram';
import { openServiceCommandLine, type ServiceCommandLine } from './support/serviceCommandLine';
import { ADVERTISER, startTestService, type TestService } from './support/testService';

let t: TestService;
let cli: ServiceCommandLine;
let pps: ServiceCommandLine['pps'];
let asJson: ServiceCommandLine['asJson'];
beforeAll(async () => {
  t = await startTestService();
  cli = openServiceCommandLine(t);
  ({ pps, asJson } = cli);
});
afterAll(async () => {
  cli?.close();
  await t?.stop();
});

type Page = { items: (Enrollment & { updatedAt: string })[]; next: string | null };

describe('an approver', () => {
  /** The id, and the statement to decide on. */
  async function awaitingApproval() {
    const program = await ownProgram(t);
    // With the bonus 5,500.00, and the threshold is 5,000.00.
    const advertiserId = await newAdvertiser(t, { monthlySpend: '25000.00' });
    const brand = await program.enrollComplete({ advertiserId });
    await program.advanceTo('2023-12-04T00:00:00Z');
    const { approval } = await brand.untilStatus('awaiting_approval');
    return { id: brand.id, statement: approval!.statementId };
  }

  test.each<[string, string, (enrollment: Enrollment) => boolean, object]>([
    [
      'approve',
      "--note 'Looked at.'",
      ({ status }) => status === 'scheduled',
      { approval: { decided: { outcome: 'approve', by: { role: 'approver', id: 'bo' }, reasonCode: null } } },
    ],
    [
      'reject-credit',
      '--reason FRAUD_REVIEW',
      ({ status }) => status === 'rejected',
      { reasonCodes: ['REJECTED_BY_APPROVER', 'FRAUD_REVIEW'] },
    ],
    [
      'send-back',
      "--note 'Which shop?'",
      ({ onHold }) => onHold !== null,
      { status: 'measuring', credit: null, onHold: { reasonCode: 'SENT_BACK_BY_APPROVER' } },
    ],
  ])(
    'When an approver uses `pps %s`, then that is what comes of the credit',
    async (name, options, isSo, outcome) => {
      const { id, statement } = await awaitingApproval();
      expect((await pps('approver', `status ${id}`)).stdout).toContain(statement);
      expect(await asJson('approver', `${name} ${id} --statement ${statement} ${options}`)).toMatchObject({
        id,
      });
      expect(await t.until(id, isSo)).toMatchObject(outcome);
      // What is sent back is calculated anew: there is no credit that was decided on.
      const decided = { approve: 'approved', 'reject-credit': 'rejected' }[name];
      const { stdout } = await pps('approver', `status ${id}`);
      if (decided) expect(stdout).toContain(`Decided    ${decided} by approver bo\n`);
      else expect(stdout).not.toContain('Decided');
    },
  );
});

describe('of lists', () => {
  let programId: string;
  /** In the order in which they enrolled; the last has changed last. */
  let ids: string[];
  let lastChange: string;
  beforeAll(async () => {
    ({ programId } = await ownProgram(t));
    ids = [await cli.enroll({ programId }), await cli.enroll({ programId, surveyPartner: 'okendo' })];
    ids.push(await cli.enroll({ programId }));
    await asJson('partner', `defer ${ids[2]} 2023-12`);
    await asJson('partner', `reject ${ids[2]} --advertiser-id ${ADVERTISER} --reason TEMPLATE_NOT_FOUND`);
    const { items } = await asJson<Page>('admin', `list --program ${programId} --sort -updatedAt`);
    lastChange = items[0]!.updatedAt;
  });

  async function listed(options: string): Promise<number[]> {
    const { items } = await asJson<Page>('admin', `list --program ${programId} ${options}`);
    return items.map(({ id }) => ids.indexOf(id));
  }

  test.each<[string, number[]]>([
    ['', [2, 1, 0]],
    ['--sort createdAt', [0, 1, 2]],
    ['--limit 2', [2, 1]],
    ['--partner okendo', [1]],
    ['--month 2023-12', [2]],
    ['--reason-code TEMPLATE_NOT_FOUND', [2]],
    ['--updated-since $LAST', [2]],
  ])('When `pps list` is given "%s", then it lists these', async (options, expected) => {
    expect(await listed(options.replace('$LAST', lastChange))).toEqual(expected);
  });

  test('When a page has a next one, then it says how to get it, and --after does', async () => {
    const { stdout } = await pps('admin', `list --program ${programId} --limit 2`);
    const [, cursor] = /\nMore: --after (\S+)\n$/.exec(stdout)!;
    expect(await listed(`--limit 2 --after ${cursor}`)).toEqual([0]);
  });

  test('When enrollments are exported as JSON, then their rows are those of the CSV', async () => {
    const line = `export --program ${programId}`;
    const { items } = await asJson<{ items: Record<string, string>[] }>('admin', line);
    expect(items.map(({ id }) => ids.indexOf(id!))).toEqual([0, 1, 2]);
    const { stdout: csv } = await pps('admin', line);
    expect(Object.keys(items[0]!).join(',')).toBe(csv.split('\n')[0]);
    expect(items.map(({ surveyPartner }) => surveyPartner)).toEqual(['kno', 'okendo', 'kno']);
    expect(await asJson('admin', `${line} --status paid`)).toEqual({ items: [] });
  });
});

interface Listed<Item> {
  items: Item[];
  next: string | null;
}

interface Key {
  keyId: string;
  surveyPartner: string | null;
  test: boolean;
  expiresAt: string | null;
}

test('When keys are made and rotated with options, then they are as asked, and --after leaves the newest out', async () => {
  const made = await asJson<Key>(
    'admin',
    'keys create --role partner --id kno-bot --survey-partner kno --test --expires 2040-01-31T00:00:00Z',
  );
  expect(made).toMatchObject({ surveyPartner: 'kno', test: true, expiresAt: '2040-01-31T00:00:00.000Z' });
  const rotated = await asJson<Key>('admin', `keys rotate ${made.keyId} --expires 2041-01-31T00:00:00Z`);
  expect(rotated).toMatchObject({ surveyPartner: 'kno', test: true, expiresAt: '2041-01-31T00:00:00.000Z' });
  const plain = await asJson<Key>('admin', 'keys create --role caller --id shop');
  expect(plain).toMatchObject({ surveyPartner: null, test: false, expiresAt: null });
  const page = (await t.admin.get<Listed<Key>>('/v1/api-keys?limit=1')).body;
  expect(page.items.map(({ keyId }) => keyId)).toEqual([plain.keyId]);
  const others = await asJson<Listed<Key>>('admin', `keys list --after ${page.next}`);
  expect(others.items.map(({ keyId }) => keyId)).toEqual([rotated.keyId, made.keyId]);
});

test('When webhooks are listed with --after, then what is newer is left out', async () => {
  const subscribe = () =>
    asJson<{ subscriptionId: string }>('caller', 'webhooks create http://127.0.0.1:1/hooks');
  const [older, newer] = [await subscribe(), await subscribe()].map(({ subscriptionId }) => subscriptionId);
  const nextOf = async (path: string) => (await t.caller.get<Listed<unknown>>(`${path}?limit=1`)).body.next;
  const path = '/v1/webhook-subscriptions';
  const listed = await asJson<Listed<{ subscriptionId: string }>>(
    'caller',
    `webhooks list --after ${await nextOf(path)}`,
  );
  expect(listed.items.map(({ subscriptionId }) => subscriptionId)).toEqual([older]);

  const send = () => asJson<{ deliveryId: string }>('caller', `webhooks test ${newer}`);
  const [first] = [await send(), await send()].map(({ deliveryId }) => deliveryId);
  const sent = await asJson<Listed<{ deliveryId: string }>>(
    'caller',
    `webhooks deliveries ${newer} --after ${await nextOf(`${path}/${newer}/deliveries`)}`,
  );
  expect(sent.items.map(({ deliveryId }) => deliveryId)).toEqual([first]);
});

test('When the speed of a test clock is set, then it runs so', async () => {
  const { programId } = await ownProgram(t);
  const { stdout } = await pps('admin', `clock advance ${programId} --speed 60`);
  expect(stdout).toMatch(/ and runs at 60 times real time; 0 open enrollments told\.\n$/);
  const { body } = await t.admin.get<{ speed: number }>(`/v1/programs/${programId}/clock`);
  expect(body.speed).toBe(60);
});

describe('on a terminal', () => {
  const BAR = '\r\u001b[K';
  const CLEAR = '\u001b[H\u001b[2J\u001b[3J';
  // Makes pps take its pipes for a terminal: the commands that open a real one differ from system to system.
  beforeAll(() => cli.write('terminal.cjs', 'process.stdout.isTTY = process.stderr.isTTY = true;'));
  const TERMINAL = 'NODE_OPTIONS="--require ./terminal.cjs"';

  test('When a file is imported, then a bar is drawn in place, and lines in a pipe', async () => {
    const { header, row } = importFile(2);
    const run = async (file: string, before: string) => {
      cli.write(file, `${header}\n${file.startsWith('a') ? row(0) : row(1)}\n`);
      const line = `${cli.environment('caller')} pps import ${file} --program ${t.programId}`;
      const { code, stderr } = await cli.shell(`${before} ${line}`);
      expect([code, stderr]).toEqual([0, expect.stringContaining('Enrolling') as string]);
      return stderr;
    };
    const drawn = await run('a.csv', TERMINAL);
    expect(drawn).toContain(`${BAR}Sending a.csv [${'#'.repeat(30)}] 100 % of `);
    expect(drawn).toContain(`${BAR}Enrolling [${'#'.repeat(30)}] 1 of 1 row, 0 failed\n`);
    const printed = await run('b.csv', '');
    expect(printed).toContain('Enrolling: 1 of 1 row, 0 failed\n');
    for (const drawing of ['\r', '\u001b', '[#']) expect(printed).not.toContain(drawing);
  });

  test('When a list is watched, then it is drawn anew in place, and in a pipe printed below', async () => {
    const { programId } = await ownProgram(t);
    const id = await cli.enroll({ programId });
    const watch = (before: string, file: string) =>
      `${before} ${cli.environment('caller')} pps list --program ${programId} --watch 1 > ${file} & `;
    const until = (file: string) => `until grep -q '${id}.*withdrawn' ${file}; do sleep 0.1; done; `;
    const watched = cli.shell(
      `${watch(TERMINAL, 'drawn.txt')} drawn=$!; ${watch('', 'piped.txt')} piped=$!; ` +
        `${until('drawn.txt')} ${until('piped.txt')} kill $drawn $piped`,
    );
    const seen = (file: string) => (cli.filesNow().includes(file) ? cli.read(file) : '');
    await eventually(
      () => Promise.resolve([seen('drawn.txt'), seen('piped.txt')]),
      (texts) => texts.every((text) => text.includes(id)),
    );
    await asJson('caller', `withdraw ${id}`);
    await watched;
    const pictures = cli.read('drawn.txt').split(CLEAR);
    expect(pictures.length).toBeGreaterThan(2);
    expect(pictures[0]).toBe('');
    expect(pictures.at(-1)).toMatch(/^Enrollment .*\n.*\n.* withdrawn /);
    const piped = cli.read('piped.txt');
    expect(piped).not.toContain('\u001b');
    expect(piped.match(/^Enrollment /gm)!.length).toBeGreaterThan(1);
  });
});
