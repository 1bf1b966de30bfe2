/** The demo's output: lines with the program's date, and the checks behind them. */
import { programTime, realDelayUntil, type ProgramClock } from '../program/clock';

const LEFT = 53;

export class Story {
  private clock: ProgramClock = [];
  private lastDate = '';
  private readonly passed: string[] = [];

  startClock(clock: ProgramClock): void {
    this.clock = clock;
  }

  /** Waits until the program's clock has reached a date. */
  async until(date: string): Promise<void> {
    const delay = realDelayUntil(this.clock, Date.parse(`${date}T00:00:00Z`), Date.now());
    await new Promise((resolve) => setTimeout(resolve, delay));
  }

  /** Throws if what is about to be printed is not so. */
  check(claim: string, holds: boolean): void {
    if (!holds) throw new Error(`The demo failed: not true that ${claim}.`);
    this.passed.push(claim);
  }

  /** One happening, with the program's date where it has changed. */
  line(what: string, outcome = ''): void {
    const date = this.date(new Date(programTime(this.clock, Date.now())).toISOString());
    const shown = date === this.lastDate ? '' : date;
    this.lastDate = date;
    console.log(`${shown.padEnd(12)} ${what.padEnd(LEFT)}  ${outcome}`.trimEnd());
  }

  detail(what: string, amount: string): void {
    console.log(`${' '.repeat(15)}${what.padEnd(LEFT - 10)}${amount.padStart(14)}`);
  }

  /** Whether the summary has been printed. */
  isTold = false;

  summary(): void {
    this.isTold = true;
    const claims = this.passed.map((claim) => `  ${claim}`).join('\n');
    console.log(`\n${this.passed.length} checks passed:\n${claims}\n`);
  }

  date(iso: string): string {
    return new Date(iso).toLocaleDateString('en-GB', {
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      timeZone: 'UTC',
    });
  }

  instant(iso: string): string {
    return `${new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })} ${iso.slice(11, 16)}Z`;
  }
}
