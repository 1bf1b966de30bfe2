/**
 * Pages of lists among very many enrollments: how much PostgreSQL reads for one, and how long it takes, HTTP not included.
 * Ends with an error if a bound is broken. `npm run bench -- list [--rows 1000000] [--json]`
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import type { Pool } from 'pg';
import { countByStatus, listEnrollments } from '../database/enrollmentList';
import { report, withBenchServers } from './measure/benchService';
import { openLatencyLog, type Latencies } from './measure/latencies';
import {
  COUNTS,
  LISTS,
  ORDERS,
  PAGE,
  readingOfCounts,
  readingOfList,
  type Reading,
} from './measure/listPages';
import { manyEnrollments } from './measure/manyEnrollments';

const READS_OF_A_LIST = 40;
const READS_OF_COUNTS = 10;

interface Figures extends Reading {
  name: string;
  /** Milliseconds: of a list those of its slowest order. */
  p50: number;
  p95: number;
}

const rows = readRows();

void withBenchServers(async ({ postgresAdminUrl }) => {
  report(`  making ${rows} enrollments: of a million it takes some minutes`);
  const many = await manyEnrollments(postgresAdminUrl, rows);
  try {
    report(`  reading ${LISTS.length} lists in ${ORDERS.length} orders`);
    return { lists: await readLists(many.db), counts: await readCounts(many.db) };
  } finally {
    await many.drop();
  }
}).then(({ lists, counts }) => {
  const broken = [...brokenOf('a page of', lists), ...brokenOf('counts of', counts)];
  if (process.argv.includes('--json')) printJson(lists, counts, broken);
  else printTables(lists, counts, broken);
  if (broken.length > 0) process.exitCode = 1;
});

async function readLists(db: Pool): Promise<Figures[]> {
  const figures: Figures[] = [];
  for (const [name, scope, filter] of LISTS) {
    const times: Latencies[] = [];
    for (const order of ORDERS) {
      const read = () => listEnrollments(db, scope, filter, { order, limit: PAGE });
      times.push(await timesOf(read, READS_OF_A_LIST));
    }
    const slowest = (which: 'p50' | 'p95') => Math.max(...times.map((time) => time[which]));
    const reading = await readingOfList(db, scope, filter);
    figures.push({ name, ...reading, p50: slowest('p50'), p95: slowest('p95') });
  }
  return figures;
}

async function readCounts(db: Pool): Promise<Figures[]> {
  const figures: Figures[] = [];
  for (const [name, scope, filter] of COUNTS) {
    const { p50, p95 } = await timesOf(() => countByStatus(db, scope, filter), READS_OF_COUNTS);
    figures.push({ name, ...(await readingOfCounts(db, scope, filter)), p50, p95 });
  }
  return figures;
}

async function timesOf(read: () => Promise<unknown>, times: number): Promise<Latencies> {
  const log = openLatencyLog();
  for (let n = 0; n < times; n += 1) {
    const begun = performance.now();
    await read();
    log.done(performance.now() - begun);
  }
  return log.summary();
}

function brokenOf(what: string, figures: readonly Figures[]): string[] {
  return figures.flatMap(({ name, broken }) => broken.map((bound) => `${what} ${name}: ${bound}.`));
}

function printJson(lists: Figures[], counts: Figures[], broken: string[]): void {
  console.log(JSON.stringify({ bench: 'list', node: process.version, rows, lists, counts, broken }, null, 2));
}

function printTables(lists: Figures[], counts: Figures[], broken: string[]): void {
  console.log(`\nA page of ${PAGE} among ${rows} enrollments, milliseconds`);
  console.table(tableOf(lists));
  console.log('Counts by status, milliseconds');
  console.table(tableOf(counts));
  console.log(broken.length > 0 ? `\nBroken:\n${broken.join('\n')}` : '\nAll bounds hold.');
}

function tableOf(figures: readonly Figures[]) {
  return Object.fromEntries(figures.map(({ name, lookedAt, p50, p95 }) => [name, { lookedAt, p50, p95 }]));
}

function readRows(): number {
  const { values } = parseArgs({
    options: { rows: { type: 'string', default: '1000000' }, json: { type: 'boolean', default: false } },
  });
  if (!/^[1-9]\d{3,6}$/.test(values.rows))
    throw new Error(`Not a number of rows from 1000 to 9999999: ${values.rows}`);
  return Number(values.rows);
}
