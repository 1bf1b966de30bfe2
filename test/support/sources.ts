/** What the sources say about themselves: titles of tests, and the environment variables that are read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export const ROOT = join(__dirname, '..', '..');

export function readSource(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The texts of a room's own files. */
export function sourcesOf(room: string): string[] {
  return filesIn(room, '.ts').map(readSource);
}

/** The titles of all tests; those of test.each with their placeholders, as they stand. */
export function testTitles(): string[] {
  return filesIn('test', '.test.ts').flatMap((path) => {
    const titles: string[] = [];
    visit(path, (node) => {
      if (!ts.isCallExpression(node) || !isTest(node.expression)) return;
      const [title] = node.arguments;
      if (title && ts.isStringLiteralLike(title)) titles.push(title.text);
    });
    return titles;
  });
}

/** `test`, `it`, `test.each(...)`, `test.failing` and the like, as they stand before a title. */
function isTest(called: ts.Expression): boolean {
  if (ts.isIdentifier(called)) return called.text === 'test' || called.text === 'it';
  if (ts.isPropertyAccessExpression(called)) return called.name.text !== 'each' && isTest(called.expression);
  if (!ts.isCallExpression(called) || !ts.isPropertyAccessExpression(called.expression)) return false;
  return called.expression.name.text === 'each' && isTest(called.expression.expression);
}

/** Whether a title is that of a test, where a placeholder of test.each (`%s`, `$name`) stands for any text. */
export function isTitleOf(template: string, title: string): boolean {
  if (template === title) return true;
  const pattern = template
    .split(/%[a-zA-Z#]|\$\w+/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.+');
  return new RegExp(`^${pattern}$`).test(title);
}

/** The variables that a settings schema, or an entry of dev/, reads by name. */
export function variablesRead(): string[] {
  const names = new Set<string>();
  for (const path of ['settings', 'dev', 'dev/sandbox'].flatMap((folder) => filesIn(folder, '.ts'))) {
    visit(path, (node) => {
      for (const name of variablesIn(node, path.startsWith('settings/'))) {
        if (/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(name)) names.add(name);
      }
    });
  }
  return [...names].sort();
}

function variablesIn(node: ts.Node, isSettings: boolean): string[] {
  // z.object({ NAME: ... })
  if (isSettings && ts.isPropertyAssignment(node)) return [node.name.getText()];
  // process.env['NAME'], environment['NAME']
  if (ts.isElementAccessExpression(node) && isEnvironment(node.expression)) {
    return ts.isStringLiteralLike(node.argumentExpression) ? [node.argumentExpression.text] : [];
  }
  // process.env.NAME
  if (ts.isPropertyAccessExpression(node) && isEnvironment(node.expression)) return [node.name.text];
  // const { NAME: name } = environment
  if (ts.isVariableDeclaration(node) && node.initializer && isEnvironment(node.initializer)) {
    if (!ts.isObjectBindingPattern(node.name)) return [];
    return node.name.elements.map(({ propertyName, name }) => (propertyName ?? name).getText());
  }
  // portOf('NAME', 8080)
  if (ts.isCallExpression(node) && node.expression.getText() === 'portOf') {
    const [name] = node.arguments;
    return name && ts.isStringLiteralLike(name) ? [name.text] : [];
  }
  return [];
}

function isEnvironment(expression: ts.Expression): boolean {
  return ['process.env', 'environment'].includes(expression.getText());
}

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`);
}

function visit(path: string, look: (node: ts.Node) => void): void {
  const source = ts.createSourceFile(path, readSource(path), ts.ScriptTarget.Latest, true);
  const walk = (node: ts.Node) => {
    look(node);
    ts.forEachChild(node, walk);
  };
  walk(source);
}
