// The entry of the npm scripts: `node dev/run.js start|demo|test|check|build|record|bench|pps [arguments]`. It needs nothing
// but Node, so it works straight after `git clone`: it installs what is missing, builds, and runs the command. The standard
// output belongs to the command; what installing and building say goes to the standard error.
'use strict';

const { spawn } = require('node:child_process');
const { existsSync, readdirSync, rmSync, statSync } = require('node:fs');
const { constants } = require('node:os');
const { join } = require('node:path');

const OLDEST_NODE = [20, 19];
const root = join(__dirname, '..');
const tool = (...path) => join(root, 'node_modules', ...path);
const built = (...path) => join(root, 'dist', ...path);
/** Where the user stands, to whom the file names of `pps` are relative; npm runs its scripts in the root. */
const calledFrom = (process.env.npm_lifecycle_event === 'pps' && process.env.INIT_CWD) || process.cwd();
/** Of tools whose words are not the command's output. */
const TO_STANDARD_ERROR = { stdio: ['inherit', 2, 'inherit'] };

const tsc = tool('typescript', 'bin', 'tsc');
const CHECKS = [
  ['types', [tsc, '-p', 'tsconfig.json', '--noEmit']],
  ['lint', [tool('eslint', 'bin', 'eslint.js'), '.']],
  ['format', [tool('prettier', 'bin', 'prettier.cjs'), '--check', '.']],
  ['dead code', [tool('knip', 'bin', 'knip.js')]],
];

/** command -> what is built first, where that is not everything. `pps` needs no workflow bundle. */
const BUILT_FIRST = { check: [], pps: [compile] };

/** command -> what runs then; each returns the exit code. */
const COMMANDS = {
  start: (args) => node([built('dev', 'start.js'), ...args]),
  demo: (args) => node([built('dev', 'demo.js'), ...args]),
  test: (args) => node([tool('jest', 'bin', 'jest.js'), ...args]),
  build: () => 0,
  record: (args) => node([built('dev', 'recordHistories.js'), ...args]),
  check: runChecks,
  bench,
  pps: (args) => node([built('cli', 'main.js'), ...args], { cwd: calledFrom }),
};

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);

async function main([command, ...args]) {
  assertNodeIsNewEnough();
  if (!Object.hasOwn(COMMANDS, command ?? '')) {
    console.error(`Usage: node dev/run.js ${Object.keys(COMMANDS).join('|')} [arguments]`);
    return 2;
  }
  process.chdir(root);
  for (const step of [install, ...(BUILT_FIRST[command] ?? [compile, bundle])]) {
    const code = await step();
    if (code !== 0) return code;
  }
  return COMMANDS[command](args);
}

function assertNodeIsNewEnough() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    throw new Error(`Node ${OLDEST_NODE.join('.')} or newer is needed; this is ${process.versions.node}.`);
  }
}

async function install() {
  // npm writes this file when an installation is complete.
  const installed = modifiedAt(tool('.package-lock.json'));
  if (installed >= Math.max(modifiedAt('package-lock.json'), modifiedAt('package.json'))) return 0;
  console.error('Installing the packages of package-lock.json (npm ci, about a minute)');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  const npm = process.env.npm_execpath; // npm tells its scripts where it is
  return npm?.endsWith('.js')
    ? node([npm, ...args], TO_STANDARD_ERROR)
    : run('npm', args, { ...TO_STANDARD_ERROR, shell: process.platform === 'win32' });
}

async function compile() {
  const code = await node([tsc, '-p', 'tsconfig.json'], TO_STANDARD_ERROR);
  if (code === 0) removeLeftovers('dist');
  return code;
}

/** The workflow bundle. */
function bundle() {
  const maker = built('worker', 'bundle.js');
  return existsSync(maker) ? node([maker], TO_STANDARD_ERROR) : 0;
}

/** tsc leaves the output of a deleted source in place. What lies in dist itself is not from tsc. */
function removeLeftovers(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) removeLeftovers(path);
    else if (directory !== 'dist' && /\.js(\.map)?$/.test(path)) {
      const source = path.slice('dist'.length + 1).replace(/\.js(\.map)?$/, '.ts');
      if (!existsSync(source)) rmSync(path);
    }
  }
}

/** One program of bench/, by name. */
function bench([name, ...args]) {
  const names = readdirSync('bench')
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length));
  if (names.includes(name)) return node([built('bench', `${name}.js`), ...args]);
  console.error(`Usage: npm run bench -- ${names.join('|')} [arguments]`);
  return 2;
}

async function runChecks() {
  const failed = [];
  for (const [name, args] of CHECKS) {
    console.log(`\n== ${name}`);
    const code = await node(args);
    if (code > 128) return code; // Ctrl-C
    if (code !== 0) failed.push(name);
  }
  console.log(failed.length === 0 ? '\nAll checks passed' : `\nFailed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

function modifiedAt(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function node(args, options) {
  return run(process.execPath, args, options);
}

/**
 * Runs a command in our process group, on our terminal, and waits for its end whatever signals come. SIGINT from Ctrl-C
 * reaches it from the terminal as well, so it is passed on only where there is no terminal: a second one means "at once".
 */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
    const passOn = (signal) => {
      if (signal !== 'SIGINT' || !onTerminal) child.kill(signal);
    };
    process.on('SIGINT', passOn);
    process.on('SIGTERM', passOn);
    const finish = () => {
      process.off('SIGINT', passOn);
      process.off('SIGTERM', passOn);
    };
    child.once('error', (error) => {
      finish();
      reject(new Error(`${command} cannot be started: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      finish();
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
