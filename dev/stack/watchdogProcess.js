// Started by watchdog.ts in a session of its own. It holds the read end of a pipe whose write end only our process has:
// when that process ends in any way, SIGKILL included, the pipe closes, and the watchdog stops the server and removes its
// temporary directory. No polling of the parent, and no process number that may be used again.
//
// Plain JavaScript, so that it runs from the source folder under jest as well as from a build.
//
// Lines on the pipe: "watch <pid>" (this is the process to stop), "ended" (it has ended by itself), "release" (all done).
'use strict';

const { readFileSync, rmSync } = require('node:fs');
const { clearInterval, setInterval } = require('node:timers');

const PATIENCE_MS = 10_000;
const { temporaryDirectory, stopSignals } = JSON.parse(process.argv[2]);

let watched;
let unread = '';

process.stdin.on('data', (chunk) => {
  const lines = (unread + chunk).split('\n');
  unread = lines.pop();
  for (const line of lines) obey(line);
});
process.stdin.once('end', () => cleanUp());
process.stdin.once('error', () => cleanUp());

function obey(line) {
  if (line === 'release') process.exit(0);
  watched = line.startsWith('watch ') ? Number(line.slice('watch '.length)) : undefined;
}

function cleanUp() {
  if (watched === undefined) return finish();
  stopBy([...stopSignals]);
}

function stopBy(signals) {
  const signal = signals.shift();
  if (signal === undefined || !isAlive(watched)) return finish();
  try {
    process.kill(watched, signal);
  } catch {
    return finish(); // gone between the look and the signal
  }
  const deadline = Date.now() + PATIENCE_MS;
  const timer = setInterval(() => {
    if (isAlive(watched) && Date.now() < deadline) return;
    clearInterval(timer);
    stopBy(signals);
  }, 100);
}

function finish() {
  if (temporaryDirectory) {
    rmSync(temporaryDirectory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
  process.exit(0);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    // A zombie answers signals for ever where process 1 collects none, as in some containers. It counts as gone when no
    // other thread of it is left (field 20).
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state !== 'Z' || Number(fields[16]) > 1;
  } catch {
    return false;
  }
}
