// The pid file of a server that keeps its data: who runs it and which process of ours started it. It lets the next start
// tell a server left behind by a crash, which is stopped first, from one in use, which is left alone.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { Report } from './progress';
import {
  isGoneWithin,
  processCommandLine,
  processIsAlive,
  processStartMark,
  signalProcess,
} from './processes';

interface RunRecord {
  serverPid: number;
  ownerPid: number;
  /** See processStartMark: process numbers are used again. */
  ownerStarted: string | null;
}

export interface Predecessor {
  /** For the sentences to the user, for example "PostgreSQL". */
  name: string;
  recordFile: string;
  /** Process numbers found elsewhere, for example in postmaster.pid. */
  otherPids?: number[];
  /** A path that stands in the command line of this very server, and of no other. */
  dataPath: string;
  /** How it is asked, and then told, to stop. */
  stopSignals: readonly [NodeJS.Signals, NodeJS.Signals];
}

/** How long a server may take to end after it was killed by its own owner, for example in a fault test. */
const ENDING_MS = 5_000;
const STOP_MS = 10_000;

export async function writeRunRecord(recordFile: string, serverPid: number): Promise<void> {
  const record: RunRecord = {
    serverPid,
    ownerPid: process.pid,
    ownerStarted: processStartMark(process.pid) ?? null,
  };
  const unfinished = `${recordFile}.${process.pid}`;
  await writeFile(unfinished, JSON.stringify(record) + '\n');
  await rename(unfinished, recordFile);
}

/** Removes the record, but not one that a later server has written over it. */
export async function removeRunRecord(recordFile: string, serverPid: number): Promise<void> {
  if ((await readRunRecord(recordFile))?.serverPid === serverPid) await rm(recordFile, { force: true });
}

/** Stops the server that a crashed process of ours left behind. Throws if the data are in use by a living one. */
export async function stopPredecessor(predecessor: Predecessor, report: Report): Promise<void> {
  const record = await readRunRecord(predecessor.recordFile);
  const pids = new Set([...(record ? [record.serverPid] : []), ...(predecessor.otherPids ?? [])]);
  for (const pid of pids) {
    const commandLine = processIsAlive(pid) ? processCommandLine(pid) : undefined;
    if (commandLine === '') await isGoneWithin(pid, ENDING_MS); // killed: its memory is gone, its ports not yet
    if (!commandLine?.includes(predecessor.dataPath)) continue;
    if (record && ownerLives(record)) {
      if (await isGoneWithin(pid, ENDING_MS)) continue;
      throw new Error(
        `${predecessor.name} already runs on ${predecessor.dataPath}, started by process ${record.ownerPid}. Stop that one first.`,
      );
    }
    report(`Stopping the ${predecessor.name} that an earlier run left behind (process ${pid})`);
    await stopByPid(pid, predecessor);
  }
}

async function stopByPid(pid: number, { name, stopSignals }: Predecessor): Promise<void> {
  for (const signal of stopSignals) {
    signalProcess(pid, signal);
    if (await isGoneWithin(pid, STOP_MS)) return;
  }
  throw new Error(
    `${name} of an earlier run (process ${pid}) does not stop. End it by hand and start again.`,
  );
}

function ownerLives({ ownerPid, ownerStarted }: RunRecord): boolean {
  return processIsAlive(ownerPid) && (processStartMark(ownerPid) ?? null) === ownerStarted;
}

async function readRunRecord(recordFile: string): Promise<RunRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(recordFile, 'utf8')) as Partial<RunRecord>;
    const { serverPid, ownerPid, ownerStarted } = record;
    if (!isPid(serverPid) || !isPid(ownerPid)) return undefined;
    return { serverPid, ownerPid, ownerStarted: ownerStarted ?? null };
  } catch {
    return undefined; // none, or cut off by a crash: the command line of the process decides then
  }
}

function isPid(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 1;
}
