/** The documents against the sources: what they name exists. Needs no servers. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ZodType } from 'zod';
import { isSigned, rolesOf } from '../api/policy';
import { NOT_ACCEPTED, PROBLEM_CODES } from '../api/problemCodes';
import { ROUTES } from '../api/routes';
import { definitionSchema } from '../program/definition';
import { parseDefinition } from '../program/parseDefinition';
import { isTitleOf, readSource, ROOT, testTitles, variablesRead } from './support/sources';

interface Row {
  line: number;
  requirement: string;
  files: string[];
  titles: string[];
  state: string;
}

const DOCUMENTS = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** The rows of a table of promises: requirement, files, test titles, state. Several in one cell stand on lines of it. */
function promisesOf(document: string): Row[] {
  return readSource(document)
    .split('\n')
    .map((text, index) => ({ text, line: index + 1 }))
    .filter(({ text }) => text.startsWith('| ') && !text.endsWith('| state |') && !text.startsWith('| ---'))
    .map(({ text, line }) => {
      const [requirement = '', files = '', titles = '', state = '', ...more] = text
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim());
      if (more.length > 0) throw new Error(`Line ${line} of ${document} has more than four columns.`);
      const several = (cell: string) =>
        cell
          .split('<br>')
          .map((part) => part.trim())
          .filter(Boolean);
      return { line, requirement, files: several(files).map(withoutTicks), titles: several(titles), state };
    });
}

describe.each([
  ['docs/program-page.md', 50],
  ['docs/security.md', 30],
])('%s', (document, least) => {
  const rows = promisesOf(document);

  test('When a promise is listed, then its state is done or open, and done ones name a file and a test', () => {
    expect(rows.length).toBeGreaterThan(least);
    for (const { line, requirement, files, titles, state } of rows) {
      const where = `line ${line}: ${requirement}`;
      expect([where, state]).toEqual([where, expect.stringMatching(/^(done|open)$/)]);
      if (state !== 'done') continue;
      expect([where, files.length > 0, titles.length > 0]).toEqual([where, true, true]);
    }
  });

  test('When a promise names a file, then the file exists', () => {
    const missing = rows.flatMap(({ line, files }) =>
      files.filter((file) => !existsSync(join(ROOT, file))).map((file) => `line ${line}: ${file}`),
    );
    expect(missing).toEqual([]);
  });

  test('When a promise names a test, then a test has that title', () => {
    const known = testTitles();
    const missing = rows.flatMap(({ line, titles }) =>
      titles
        .filter((title) => !known.some((template) => isTitleOf(template, title)))
        .map((title) => `line ${line}: ${title}`),
    );
    expect(missing).toEqual([]);
  });
});

test('When a route is served, then docs/api.md lists it with the roles of the policy', () => {
  const listed = [
    ...readSource('docs/api.md').matchAll(/^\| `(GET|POST) (\/v1\/[^`]+)` \| ([^|]+) \|/gm),
  ].map(([, method, path, roles]) => `${method} ${path!.replaceAll(/\{\w+\}/g, '{}')}: ${roles}`);
  const all = 'caller, partner, admin, approver, operator, auditor';
  const served = ROUTES.map(({ method, path, operationId }) => {
    const roles = isSigned(operationId) ? 'who signs it' : rolesOf(operationId).join(', ');
    return `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '{}')}: ${roles === all ? 'all' : roles}`;
  });
  expect(listed.sort()).toEqual(served.sort());
});

test.each(DOCUMENTS)('When %s links to a file, then the file exists', (path) => {
  const links = [...readSource(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  const local = links.filter((target) => !/^[a-z]+:/.test(target) && !target.startsWith('#'));
  const missing = local.filter((target) => !existsSync(join(ROOT, dirname(path), target.split('#')[0]!)));
  expect(missing).toEqual([]);
});

test.each(DOCUMENTS)('When the commands of %s use a variable, then those before have set it', (path) => {
  const blocks = [...readSource(path).matchAll(/^ *```(?:sh|console.*)\n([\s\S]*?)^ *```/gm)];
  const commands = blocks.map(([, block]) => block!).join('');
  const unset = [...commands.matchAll(/\$([A-Z][A-Z_]*)/g)].filter(
    ({ 1: name, index }) => !new RegExp(`(^|[\\s;])${name}=`).test(commands.slice(0, index)),
  );
  expect(unset.map(([use]) => use)).toEqual([]);
});

test('When a problem has a code of its own, then docs/api.md lists it under its status', () => {
  const table = readSource('docs/api.md').split('\n## Problems\n')[1]!;
  const listed = [...table.matchAll(/^\| (\d{3}) \| (.*?) \|/gm)].flatMap(([, status, codes]) =>
    [...codes!.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => `${code} ${status}`),
  );
  const own = Object.entries(PROBLEM_CODES).map(([code, { status }]) => `${code} ${status}`);
  expect(listed).toEqual(expect.arrayContaining(own));
  const others = listed.filter((each) => !own.includes(each));
  expect(others).toEqual([
    'BRAND_ALREADY_ENROLLED 409',
    'SUBMISSION_SUPERSEDED 409',
    `INVALID_REQUEST ${NOT_ACCEPTED}`,
  ]);
});

test('When the README maps the folders, then each of them exists', () => {
  const map = /## Folders\n([\s\S]*?)\n## /.exec(readSource('README.md'))![1]!;
  const folders = [...map.matchAll(/^\| `([a-z]+)\/` \|/gm)].map(([, folder]) => folder!);
  expect(folders.length).toBeGreaterThan(10);
  expect(folders.filter((folder) => !existsSync(join(ROOT, folder)))).toEqual([]);
});

test('When a variable is read, then .env.example describes it, and it names no other', () => {
  const described = [...readSource('.env.example').matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map(
    ([, name]) => name!,
  );
  expect([...described].sort()).toEqual(variablesRead());
});

test('When docs/operating.md lists the settings, then it lists each that a process reads', () => {
  const listed = [...readSource('docs/operating.md').matchAll(/`([A-Z][A-Z0-9_]*)`/g)].map(
    ([, name]) => name!,
  );
  const settings = [...readSource('settings/settings.ts').matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)];
  const missing = settings.map(([, name]) => name!).filter((name) => !listed.includes(name));
  expect(missing).toEqual([]);
});

test('When docs/program-definition.md shows a whole definition, then it is valid', () => {
  const [, example] = /```json\n([\s\S]*?)```/.exec(readSource('docs/program-definition.md'))!;
  expect(parseDefinition(JSON.parse(example!)).id).toBe('spring-survey');
});

test('When docs/program-definition.md lists the fields, then each is there with its default', () => {
  const rows = [...readSource('docs/program-definition.md').matchAll(/^\| (`[^|]+`) \| (?:`(.*?)`)? ?\| /gm)];
  const listed = rows.flatMap(([, names, given]) =>
    [...names!.matchAll(/`(\w+)`/g)].map(([, name]) => [name, given]),
  );
  const fields = Object.entries<ZodType>(definitionSchema.shape).map(([name, field]) => {
    const { success, data } = field.safeParse(undefined);
    return [name, success ? JSON.stringify(data) : undefined];
  });
  expect(listed.sort()).toEqual(fields.sort());
});

test('When a document shows a JSON body, then it is JSON', () => {
  const broken = DOCUMENTS.flatMap((path) =>
    [...readSource(path).matchAll(/ (?:-d|--input) '([^']*)'/g)]
      .map(([, body]) => body!)
      .filter((body) => !isJson(body))
      .map((body) => `${path}: ${body}`),
  );
  expect(broken).toEqual([]);
});

test('When a title of test.each is looked for, then its placeholders stand for any text', () => {
  expect(
    isTitleOf('When the code is %i, then it is $what.', 'When the code is 40300, then it is final.'),
  ).toBe(true);
  expect(isTitleOf('When the code is %i', 'When the code is %i')).toBe(true);
  expect(isTitleOf('When the code is %i', 'When the state is 1')).toBe(false);
});

function withoutTicks(text: string): string {
  return text.replaceAll('`', '');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
