/** `pps` as a client of the running service: from the form to the payout, and what it says when it cannot. */
import { createServer, request as forward, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually, type Enrollment } from '../dev/apiClient';
import { expectAsShown } from './support/consoleExamples';
import { openServiceCommandLine, type ServiceCommandLine } from './support/serviceCommandLine';
import { readSource } from './support/sources';
import { ADVERTISER, startTestService, type TestService } from './support/testService';

let t: TestService;
let cli: ServiceCommandLine;
let pps: ServiceCommandLine['pps'];
let asJson: ServiceCommandLine['asJson'];
let enroll: ServiceCommandLine['enroll'];
beforeAll(async () => {
  t = await startTestService();
  cli = openServiceCommandLine(t);
  ({ pps, asJson, enroll } = cli);
});
afterAll(async () => {
  cli?.close();
  await t?.stop();
});

test('When all is done at the command line, then an enrollment goes from the form to its payout', async () => {
  const id = await enroll();
  expect(await asJson('partner', `confirm ${id} --advertiser-id ${ADVERTISER}`)).toMatchObject({ id });
  await asJson('caller', `questionnaire ${id} answers.json`);
  expect(await asJson('partner', `defer ${id} 2023-12`)).toMatchObject({ calculationMonth: '2023-12' });
  await asJson('admin', `hold ${id} --reason FRAUD_REVIEW --note 'Looked at.'`);
  await asJson('admin', `release ${id} --note 'All right.'`);
  const { stdout } = await pps('admin', `clock advance ${t.programId} --to 2024-01-20`);
  expect(stdout).toMatch(
    /^The clock shows 2024-01-20 00:00 UTC and stands still; 1 open enrollment told\.\n$/,
  );
  const { credit } = await t.untilStatus(id, 'paid');

  expect((await pps('caller', `why ${id}`)).stdout).toBe(`The credit of ${credit!.display} has been paid.\n`);
  const status = (await pps('caller', `status ${id}`)).stdout;
  for (const words of ['Status          paid', `Credit`, credit!.display, 'attested  survey_partner'])
    expect(status).toContain(words);
  const timeline = (await pps('caller', `timeline ${id}`)).stdout;
  for (const words of [
    'partner confirmed',
    'deferred',
    'held',
    'released',
    'credit calculated',
    'payout paid',
  ])
    expect(timeline).toContain(words);
  // Once with the credit, and once with the payout, which has no currency of its own.
  expect(timeline.split(`amount ${credit!.display}`)).toHaveLength(3);
  expect(timeline).toContain(`spend ${credit!.spend!.display}`);
  expect(timeline).not.toMatch(/Minor|repeated/);
  expect((await pps('caller', `months ${id}`)).stdout).toBe(
    'Calculation month 2023-12\n  No month is open: the calculation has begun, or the enrollment has ended.\n',
  );
  const other = await pps('admin', `credit verify ${id} --hash sha256:${'0'.repeat(64)}`);
  expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('sha256:000') as string]);
  const verified = (await pps('admin', `credit verify ${id}`)).stdout;
  expect(verified).toMatch(/is verified: under this revision, its inputs give this result, to the byte\.\n$/);
  expect((await pps('caller', 'list')).stdout).toMatch(new RegExp(`^${id} .* paid +2023-12`, 'm'));
  expect((await pps('admin', 'attention')).stdout).toBe('Nothing needs attention.\n');
});

test.each<[string, (id: string) => Promise<unknown>, (id: string) => string, Partial<Enrollment>]>([
  [
    'reject',
    () => Promise.resolve(),
    (id) =>
      `reject ${id} --advertiser-id ${ADVERTISER} --criteria survey_template --reason TEMPLATE_NOT_FOUND`,
    { status: 'action_required' },
  ],
  [
    'waive',
    () => Promise.resolve(),
    (id) => `waive ${id} --criterion questionnaire --reason QUESTIONNAIRE_OVERDUE --note 'On paper.'`,
    {},
  ],
  ['reopen', (id) => asJson('caller', `questionnaire ${id} answers.json`), (id) => `reopen ${id}`, {}],
  ['withdraw', () => Promise.resolve(), (id) => `withdraw ${id} --note 'Sold.'`, { status: 'withdrawn' }],
  [
    'permit',
    (id) => asJson('caller', `withdraw ${id}`),
    (id) => `permit ${id} --note 'Not sold.'`,
    { status: 'withdrawn' },
  ],
  [
    'restart',
    async (id) => t.temporal.workflow.getHandle((await t.get(id)).workflowId).terminate('by mistake'),
    (id) => `restart ${id} --note 'By mistake.'`,
    {},
  ],
  [
    'erase',
    (id) => asJson('caller', `withdraw ${id}`),
    (id) => `erase ${id} --note 'Asked for.'`,
    { status: 'withdrawn' },
  ],
])('When an admin uses `pps %s`, then it is done', async (_name, before, line, expected) => {
  const id = await enroll();
  await before(id);
  expect(await asJson('admin', line(id))).toMatchObject({ id, ...expected });
});

test('When an admin erases what there is of a contact, then ended enrollments are erased and open ones named', async () => {
  const contact = { name: 'Olga One', email: 'olga@private.example' };
  const enrolled = async () => {
    const { body } = await t.caller.post('/v1/enrollments', t.form({ contact }));
    await t.untilEvent(body.id, 'advertiser_located');
    return body.id;
  };
  const [ended, open] = [await enrolled(), await enrolled()];
  await asJson('caller', `withdraw ${ended}`);
  const erase = () => pps('admin', `erase --contact Olga@Private.Example --note 'Asked for.'`);
  const { code, stdout } = await erase();
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Enrollment +Outcome +What to do *\n─+/);
  expect(stdout).toMatch(new RegExp(`^${ended} +erased$`, 'm'));
  expect(stdout).toMatch(new RegExp(`^${open} +open +It has not ended: withdraw it, `, 'm'));
  expect((await t.get(ended)) as { erasedAt?: string | null }).toMatchObject({
    erasedAt: expect.any(String) as string,
  });
  await asJson('caller', `withdraw ${open}`);
  await erase();
  expect((await erase()).stdout).toBe(
    'No enrollment that this key may see has personal data of this contact.\n',
  );
  for (const [named, said] of [
    ['', 'Name an enrollment, or a contact with --contact.\n'],
    [
      `${open} --contact olga@private.example`,
      'Name an enrollment, or a contact with --contact, not both.\n',
    ],
  ])
    expect(await pps('admin', `erase ${named} --note 'Asked for.'`)).toMatchObject({ code: 2, stderr: said });
});

test('When a refused message is dismissed, then it is off the list', async () => {
  const id = await enroll();
  const { workflowId } = await t.get(id);
  await t.temporal.workflow.getHandle(workflowId).signal('defer', { month: 'December' });
  await t.untilEvent(id, 'message_refused');
  expect((await pps('admin', 'attention')).stdout).toContain(id);
  expect((await pps('admin', `dismiss ${id}`)).stdout).toBe('1 refused message dismissed.\n');
  expect((await pps('admin', 'attention')).stdout).not.toContain(id);
});

test.each(['approve', 'reject-credit', 'send-back'])(
  'When an approver uses `pps %s` where none is awaited, then the refusal of the service is told',
  async (name) => {
    const id = await enroll();
    const { code, stdout, stderr } = await pps('approver', `${name} ${id} --statement st_1 --note 'Seen.'`);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(
      /^No credit of this enrollment waits for an approval\.\n\(409 NO_APPROVAL_AWAITED, /,
    );
  },
);

test('When an enrollment is named by its brand, then it is found, and why, months and filters say what is so', async () => {
  const id = await enroll();
  const { brand } = JSON.parse((await pps('caller', `status ${id} --json`)).stdout) as {
    brand: { domain: string };
  };
  expect((await asJson('caller', `status ${brand.domain}`)).id).toBe(id);
  const { stdout: shown } = await pps('caller', `status ${id}`);
  expect(shown).toMatch(/^ {2}Criterion +Status +Source +By +Reason$/m);
  expect(shown).toMatch(/^ {2}questionnaire +pending$/m);
  expect(await asJson('caller', `why ${brand.domain}`)).toMatchObject({ status: 'verifying' });
  const months = (await pps('partner', `months ${brand.domain}`)).stdout;
  expect(months).toMatch(/^Calculation month /);
  for (const [name, said] of [
    ['nobody.example', /^There is no enrollment of nobody\.example that this key may see\.\n$/],
    ['enr_nobody', /^There is no such enrollment\.\n\(404 /],
    ['nobody', /^"nobody" names no enrollment: an id begins with enr_, a brand's domain has a dot\.\n$/],
  ] as const)
    expect(await pps('partner', `defer ${name} 2023-12`)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(said) as string,
    });
  const listed = await asJson<{ items: Enrollment[] }>(
    'admin',
    `list --program ${t.programId} --status verifying,paid --brand-domain ${brand.domain} --waiting-for questionnaire`,
  );
  expect(listed.items.map((item) => item.id)).toEqual([id]);
});

test('When an admin makes, rotates and revokes keys, then they open the service until they are revoked', async () => {
  expect((await pps('admin', 'keys list')).stdout).toBe(
    'No keys. (Those of the setting API_KEYS are not listed.)\n',
  );
  const made = await asJson<{ keyId: string; key: string }>(
    'admin',
    'keys create --role auditor --id audit-bot',
  );
  const list = (key: string) => cli.shell(`PPS_URL='${t.service.apiUrl}' PPS_API_KEY='${key}' pps list`);
  expect((await list(made.key)).code).toBe(0);
  const next = await asJson<{ keyId: string; key: string }>(
    'admin',
    `keys rotate ${made.keyId} --overlap-hours 0`,
  );
  expect((await list(made.key)).code).toBe(3);
  expect((await list(next.key)).code).toBe(0);
  const { stdout } = await pps('admin', `keys revoke ${next.keyId}`);
  expect(stdout).toBe(`${next.keyId} of auditor audit-bot opens nothing any more.\n`);
  expect((await list(next.key)).code).toBe(3);
  expect((await pps('admin', 'keys list')).stdout).toMatch(
    new RegExp(`^${next.keyId} +auditor audit-bot +live +revoked `, 'm'),
  );
});

test('When webhooks are made, rotated, sent again, enabled and deleted, then pps says what came of it', async () => {
  const made = await asJson<{ subscriptionId: string; secret: string }>(
    'caller',
    'webhooks create http://127.0.0.1:1/hooks --events enrollment.opened,enrollment.ended',
  );
  const { subscriptionId } = made;
  expect((await pps('caller', `webhooks deliveries ${subscriptionId} --status failed`)).stdout).toBe(
    'No deliveries.\n',
  );
  expect(made).toMatchObject({
    secret: expect.stringMatching(/^whsec_/) as string,
    events: ['enrollment.opened', 'enrollment.ended'],
  });
  await enroll();
  const log = await asJson<{ items: { deliveryId: string }[] }>(
    'caller',
    `webhooks deliveries ${subscriptionId}`,
  );
  const [{ deliveryId }] = log.items as [{ deliveryId: string }];
  expect((await pps('caller', `webhooks deliveries ${subscriptionId} --status pending`)).stdout).toMatch(
    new RegExp(`^${deliveryId} +enrollment.opened +enr_`, 'm'),
  );
  expect((await pps('caller', `webhooks redeliver ${subscriptionId} ${deliveryId}`)).stdout).toBe(
    `${deliveryId} (enrollment.opened) is sent again.\n`,
  );
  const tested = await pps('caller', `webhooks test ${subscriptionId}`);
  const [testId] = tested.stdout.split(' ');
  expect(tested.stdout).toContain('(webhook.test) is being sent; ');
  expect((await pps('caller', `webhooks deliveries ${subscriptionId}`)).stdout).toMatch(
    new RegExp(`^${testId} +webhook.test `, 'm'),
  );
  const rotated = await pps('caller', `webhooks rotate ${subscriptionId} --overlap-hours 48`);
  expect(rotated.stdout).toMatch(/Secret +whsec_/);
  expect(rotated.stdout).not.toContain(made.secret);
  await t.db.query(
    `update webhook_subscription set disabled_at = now(), disabled_reason = 'GONE' where subscription_id = $1`,
    [subscriptionId],
  );
  expect((await pps('caller', 'webhooks list')).stdout).toMatch(
    new RegExp(
      `^Subscription .* Enrollments +State\\n[^]*^${subscriptionId} .*owner shop-app +disabled .*GONE`,
      'm',
    ),
  );
  expect((await pps('caller', `webhooks enable ${subscriptionId}`)).stdout).toBe(
    `${subscriptionId}: http://127.0.0.1:1/hooks is told of events from now on.\n`,
  );
  expect((await pps('caller', `webhooks delete ${subscriptionId}`)).code).toBe(0);
  expect((await pps('caller', `webhooks delete ${subscriptionId}`)).code).toBe(3);
  const inner = await pps('caller', 'webhooks create https://10.0.0.7/');
  expect([inner.code, inner.stderr]).toEqual([
    3,
    expect.stringContaining('\n  /url: must lead to a public address') as string,
  ]);
});

test('When a definition is published, then its changes are told first, and a faulty one has its lines', async () => {
  const definition = { ...t.definition, name: 'Another name' };
  cli.write('program.json', JSON.stringify(definition, null, 2));
  const tried = await pps('admin', 'program publish program.json --dry-run');
  expect([tried.code, tried.stdout]).toEqual([
    0,
    expect.stringMatching(
      new RegExp(`Another name[^]*\\nDry run: it would be revision 2 of ${t.programId}\\.\\n$`),
    ) as string,
  ]);
  expect((await pps('admin', 'program publish program.json')).stdout).toMatch(
    new RegExp(`Published: ${t.programId} has revision 2\\.\n$`),
  );
  for (const again of ['', ' --dry-run'])
    expect((await pps('admin', `program publish program.json${again}`)).stdout).toMatch(
      new RegExp(`Nothing was published: revision 2 of ${t.programId} says the same\\.\\n$`),
    );
  cli.write('faulty.json', JSON.stringify({ ...definition, timeZone: 'Nowhere' }, null, 2));
  const faulty = await pps('admin', 'program publish faulty.json');
  expect([faulty.code, faulty.stderr]).toEqual([
    1,
    expect.stringMatching(/^\/timeZone: .*\(line \d+\)/) as string,
  ]);
});

test('When the audit is verified, then pps says that it is whole', async () => {
  await enroll();
  const line = `DATABASE_URL='${t.plan.databaseUrl}' pps audit verify heads.json`;
  const { code, stdout } = await cli.shell(line);
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(/^\d+ entries in \d+ chains are as they were written\./) as string,
  ]);
  const asJson = await cli.shell(`${line} --json`);
  expect([asJson.code, asJson.stderr]).toEqual([0, '']);
  const outcome = JSON.parse(asJson.stdout) as Record<string, unknown>;
  expect(outcome).toMatchObject({ entries: expect.any(Number) as number, broken: null });
  expect(outcome['earlierEnds']).toBeGreaterThan(0);
});

test.each<[string, (url: URL) => void, number, RegExp]>([
  ['PostgreSQL is not there', (url) => (url.port = '1'), 4, /Start PostgreSQL, or correct host and port/],
  ['the password is wrong', (url) => (url.password = 'x'), 2, /Correct role and password/],
  ['there is no such database', (url) => (url.pathname = '/none'), 2, /Create the database/],
])(
  'When the audit cannot be verified because %s, then the exit code is that of docs/cli.md',
  async (_why, change, exitCode, remedy) => {
    const url = new URL(t.plan.databaseUrl);
    change(url);
    const { code, stdout, stderr } = await cli.shell(`DATABASE_URL='${url.href}' pps audit verify`);
    expect([code, stdout, stderr]).toEqual([exitCode, '', expect.stringMatching(remedy) as string]);
    expect(stderr).toContain(`PostgreSQL at ${url.host}${url.pathname}: `);
  },
);

test('When a form is wrong, then every field is named, and the exit code is 3', async () => {
  cli.write('wrong.json', JSON.stringify({ ...t.form(), advertiserId: 'abc', surprise: 1 }));
  const { code, stdout, stderr } = await pps('caller', 'enroll wrong.json');
  expect([code, stdout]).toEqual([3, '']);
  expect(stderr).toContain('\n  /advertiserId: must be the digits');
  expect(stderr).toContain('\n  /surprise: is unknown\n');
});

test.each([
  ['clock advance pps-demo --to yesterday', '/advanceTo (--to): must be '],
  [`hold enr_1 --reason NONE --note 'Seen.'`, '/reasonCode (--reason): must be one of '],
  ['keys create --role auditor --id eve --expires never', '/expiresAt (--expires): must be '],
  [`erase --contact nobody --note 'Asked for.'`, '/contactEmail (--contact): must be '],
])('When an option of `pps %s` is wrong, then it is named beside its field', async (line, said) => {
  expect(await pps('admin', line)).toMatchObject({
    code: 3,
    stderr: expect.stringContaining(`\n  ${said}`) as string,
  });
});

test('When a rule refuses one field, then its sentence is told once', async () => {
  const form = t.form();
  await t.caller.post('/v1/enrollments', form);
  cli.write('taken.json', JSON.stringify(form));
  const { code, stderr } = await pps('admin', 'enroll taken.json');
  expect([code, stderr]).toEqual([
    3,
    expect.stringMatching(
      /^This brand is already enrolled; .*\n\(409 BRAND_ALREADY_ENROLLED, .*\)\n$/,
    ) as string,
  ]);
});

test('When a list is watched, then it is printed again when something has changed', async () => {
  const id = await enroll();
  const watched = cli.shell(
    `${cli.environment('caller')} pps list --watch 1 > watched.txt & ` +
      `until grep -q '${id}.*withdrawn' watched.txt; do sleep 0.1; done; kill $!`,
  );
  await eventually(
    () => Promise.resolve(cli.filesNow().includes('watched.txt') ? cli.read('watched.txt') : ''),
    (text) => text.includes(id),
  );
  await asJson('caller', `withdraw ${id}`);
  await watched;
  expect(cli.read('watched.txt')).toMatch(new RegExp(`${id} .*withdrawn`));
});

const tours = [
  ...readSource('docs/cli.md').matchAll(
    /## ([^\n]+)\n(?:(?!\n## )[\s\S])*?```console service\n([\s\S]*?)```/g,
  ),
];

test.each(tours.map(([, title, block]) => [title!, block!] as const))(
  'When docs/cli.md shows commands under "%s", then each prints what the document says',
  async (_title, block) => {
    const own = await startTestService({ definition: (demo) => ({ ...demo, id: 'pps-demo' }) });
    try {
      await expectAsShown(cli, block, own.service.apiUrl);
    } finally {
      await own.stop();
    }
  },
);

describe('when the service does not answer as it should', () => {
  let lossy: Server;
  let lost = 0;
  beforeAll(async () => {
    // Hands every request on, and loses the answer to the first of them.
    lossy = createServer((incoming, outgoing) => {
      const { method, url, headers } = incoming;
      const onward = forward(t.service.apiUrl + url, { method: method!, headers }, (answer) => {
        if (lost > 0) {
          outgoing.writeHead(answer.statusCode!, answer.headers);
          answer.pipe(outgoing);
          return;
        }
        lost += 1;
        answer.resume().once('end', () => outgoing.destroy());
      });
      incoming.pipe(onward);
    });
    await new Promise<void>((resolve) => lossy.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => lossy.close(resolve)));

  test('When the answer is lost, then the request is sent again and done once', async () => {
    const id = await enroll();
    const url = `http://127.0.0.1:${(lossy.address() as AddressInfo).port}`;
    const { code, stderr } = await pps('admin', `hold ${id} --reason FRAUD_REVIEW --note 'Seen.'`, url);
    expect([code, stderr, lost]).toEqual([0, '', 1]);
    const holds = (await t.timeline(id)).filter(({ type }) => type === 'held');
    expect(holds).toHaveLength(1);
  });

  test('When the answer that tells a key or a secret is lost, then the command fails and says what to do', async () => {
    const url = `http://127.0.0.1:${(lossy.address() as AddressInfo).port}`;
    const commands = {
      'keys create --role auditor --id eve': /^A key was made, but .*\nRevoke it \(pps keys revoke apk_/,
      'webhooks create http://127.0.0.1:1/hooks --json':
        /^A secret was made, but .*\nMake another secret for it/,
    };
    for (const [command, sentence] of Object.entries(commands)) {
      lost = 0;
      const { code, stdout, stderr } = await pps('admin', command, url);
      expect([code, stdout, stderr, lost]).toEqual([4, '', expect.stringMatching(sentence) as string, 1]);
    }
  });

  test.each([
    [
      'nobody is there',
      'http://127.0.0.1:1',
      4,
      /^The service at http:\/\/127\.0\.0\.1:1 cannot be reached \(/,
    ],
    [
      'it is the address of a version',
      'http://127.0.0.1:1/v1/',
      2,
      /^PPS_URL: "http:\/\/127\.0\.0\.1:1\/v1\/" ends in \/v1, which pps adds itself; write http:\/\/127\.0\.0\.1:1\.\n/,
    ],
    ['it is no address', 'nonsense', 2, /^PPS_URL: "nonsense" is no address of a service/],
    [
      'the key would travel in clear text',
      'http://pps.example',
      2,
      /in clear text; write https:\/\/pps\.example/,
    ],
  ])('When %s, then it says so', async (_name, url, exitCode, sentence) => {
    const { code, stderr } = await pps('caller', 'list', url);
    expect([code, stderr]).toEqual([exitCode, expect.stringMatching(sentence) as string]);
  });

  test('When somebody else answers, then it says so', async () => {
    const { code, stderr } = await pps('caller', 'list', t.sandbox.url);
    expect([code, stderr]).toEqual([4, expect.stringMatching(/not as this service does/) as string]);
  });

  test('When there is no key, then it says where to put one', async () => {
    const { code, stderr } = await cli.shell(`PPS_API_KEY= pps list`);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^PPS_API_KEY is not set/) as string]);
  });

  test('When the key is of another role, then it says which roles may', async () => {
    const { code, stderr } = await pps('caller', 'attention');
    const sentence = 'This needs a key of role admin, approver, operator or auditor; yours is caller.';
    expect([code, stderr.split('\n')[0]]).toEqual([3, sentence]);
  });

  test('When the service does not know the key, then it says where to put a valid one', async () => {
    const { code, stderr } = await cli.shell(
      `PPS_URL='${t.service.apiUrl}' PPS_API_KEY=nobodys-key pps list`,
    );
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/^The service does not know the API key in PPS_API_KEY, .*\n\(401 /) as string,
    ]);
  });
});
