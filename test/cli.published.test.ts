/** `pps program ...` on a program of the running service: the definition that is published, beside files. */
import { PPS_2023, type Ended } from './support/commandLine';
import { openServiceCommandLine, type ServiceCommandLine } from './support/serviceCommandLine';
import { startTestService, type TestService } from './support/testService';

const BRAND = '--country US --currency USD --spend 12480.00 --partner kno --platform woocommerce';

let t: TestService;
let cli: ServiceCommandLine;
let pps: ServiceCommandLine['pps'];
/** Of the program that has two revisions: the second has another name. */
let id: string;
beforeAll(async () => {
  t = await startTestService();
  cli = openServiceCommandLine(t);
  ({ pps } = cli);
  id = t.programId;
  cli.write('first.json', JSON.stringify(t.definition));
  cli.write('second.json', JSON.stringify({ ...t.definition, name: 'Another name' }));
  await cli.asJson('admin', 'program publish second.json');
});
afterAll(async () => {
  cli?.close();
  await t?.stop();
});

const printed = (stdout: string): Ended => ({ code: 0, stdout, stderr: '' });

test('When a file is compared with what is published, then the changes from the latest revision are told', async () => {
  const [us, ...others] = t.definition.credit;
  const credit = [{ ...us, cap: '6000.00' }, ...others];
  cli.write('mine.json', JSON.stringify({ ...t.definition, name: 'Another name', credit }));
  expect(await pps('admin', `program diff ${id} mine.json`)).toEqual(
    printed('US cap: 5,500.00 → 6,000.00 USD\n'),
  );
  expect(await pps('admin', `program diff second.json ${id}`)).toEqual(printed('no difference\n'));
  expect(await pps('admin', `program diff ${id}@2 ${id}`)).toEqual(printed('no difference\n'));
});

test('When a revision is named, then it is that one', async () => {
  const { stdout } = await pps('admin', `program diff ${id}@1 ${id}@2`);
  expect(stdout).toMatch(/^[^\n]*Another name[^\n]*\n$/);
  expect(await pps('admin', `program diff first.json ${id}@1`)).toEqual(printed('no difference\n'));
});

test('When a program of the service is validated, then it is printed as from its file, under its revision', async () => {
  const { stdout: ofFile } = await pps('admin', 'program validate second.json');
  const { stdout } = await pps('admin', `program validate ${id}`);
  expect(stdout).toBe(ofFile.replace('second.json is valid', `${id}@2 is valid`));
  expect(await cli.asJson('admin', `program validate ${id}@1`)).toEqual({
    programId: id,
    revision: 1,
    valid: true,
    definition: t.definition,
  });
});

test('When the checks of today would refuse a revision, then validate says so, and the others read it', async () => {
  const [first, ...others] = t.definition.calendar;
  const calendar = [{ ...first, payoutDate: first!.periodFrom }, ...others];
  await t.db.query(
    `insert into program_revision (program_id, revision, definition, published_by) values ($1, 9, $2, 'an earlier release')`,
    [id, JSON.stringify({ ...t.definition, calendar })],
  );
  const { code, stdout, stderr } = await pps('admin', `program validate ${id}@9`);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^\/calendar\/0\/payoutDate: [A-Z][^\n]*\.\n/);
  expect(stderr).toContain(`\n${id}@9 is not valid: 1 error.\n`);
  expect((await pps('admin', `program diff ${id}@9 ${id}@1`)).stdout).toContain('payout');
});

test('When tables or a copy are made of a program of the service, then they are those of its file', async () => {
  for (const command of ['tables amounts', 'tables calendar', 'copy --id next --months 12']) {
    const { stdout: ofFile } = await pps('admin', `program ${command} second.json`);
    expect(ofFile).not.toBe('');
    const { stdout } = await pps('admin', `program ${command} ${id}`);
    const isJson = command.startsWith('copy');
    expect(isJson ? JSON.parse(stdout) : stdout).toEqual(isJson ? JSON.parse(ofFile) : ofFile);
  }
});

test('When a credit is estimated for a program of the service, then its answer reads as that of the file, from today on its clock', async () => {
  const { stdout: ofFile } = await pps('admin', `program estimate second.json ${BRAND} --at 2023-10-20`);
  expect(ofFile).toMatch(/ 2023-12 +2023-12-01 to 2023-12-31 /);
  // A partner may ask, and does not see the definition.
  for (const options of ['--at 2023-10-20', ''])
    expect(await pps('partner', `program estimate ${id} ${BRAND} ${options}`)).toEqual(printed(ofFile));
  const later = '--at 2023-10-20 --month 2023-12 --deferrals-used 3 --spend 80';
  expect(await pps('partner', `program estimate ${id} ${BRAND} ${later}`)).toEqual(
    await pps('admin', `program estimate second.json ${BRAND} ${later}`),
  );
  expect(await cli.asJson('partner', `program estimate ${id} ${BRAND}`)).toMatchObject({
    revision: 2,
    months: expect.arrayContaining([
      expect.objectContaining({ month: '2023-11', current: true }) as object,
    ]) as object[],
  });
  expect(await pps('admin', `program estimate ${id}@1 ${BRAND} --at 2023-10-20`)).toEqual(printed(ofFile));
  const unknown = await pps('partner', `program estimate ${id} ${BRAND} --country BR`);
  expect([unknown.code, unknown.stderr]).toEqual([
    3,
    expect.stringMatching(/\n {2}\/country: must be one of AT, AU, /) as string,
  ]);
});

test('When a file has the name of a program, then it is the file', async () => {
  cli.write(id, JSON.stringify(t.definition));
  const { stdout } = await pps('admin', `program validate ${id}`);
  await cli.shell(`rm ${id}`);
  expect(stdout).toContain(`\n${id} is valid.\n`);
});

test.each([
  ['no program', (programId: string) => `${programId}-x`, 'There is no such program.'],
  ['no revision of one', (programId: string) => `${programId}@99`, 'There is no such program revision.'],
])('When a name is no file and %s, then both are said', async (_what, nameFrom, sentence) => {
  const name = nameFrom(id);
  const { code, stdout, stderr } = await pps('admin', `program validate ${name}`);
  expect([code, stdout, stderr.split('\n').slice(0, 2)]).toEqual([
    3,
    '',
    [`"${name}" is no file here, so it is taken for a program of the service:`, sentence],
  ]);
});

test('When a name can be neither a file nor an id, then nothing is asked', async () => {
  const { code, stderr } = await pps('admin', 'program diff My_Program second.json', 'http://127.0.0.1:1');
  expect([code, stderr]).toEqual([
    2,
    '"My_Program" is neither a file that exists nor the id of a program of the service, such as pps-demo or pps-demo@2.\n',
  ]);
});

test('When there is no key or the key is not of staff, then a program is not shown, and files need none', async () => {
  const nobody = await cli.shell(`PPS_API_KEY= pps program validate ${id}`);
  expect([nobody.code, nobody.stderr]).toEqual([
    2,
    expect.stringMatching(/^".*" is no file here, .*\nPPS_API_KEY is not set: /) as string,
  ]);
  const caller = await pps('caller', `program tables amounts ${id}`);
  expect([caller.code, caller.stderr]).toEqual([
    3,
    expect.stringContaining('This needs a key of role admin, approver, operator or auditor') as string,
  ]);
  const files = `pps program diff ${PPS_2023} second.json`;
  expect((await cli.shell(`PPS_API_KEY= PPS_URL=http://127.0.0.1:1 ${files}`)).code).toBe(0);
});
