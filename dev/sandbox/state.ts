/** What the sandbox knows, in memory and, when a file is given, on disk before anybody is told of it. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface Advertiser {
  advertiser_id: string;
  name: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
  /** ISO 4217. */
  currency: string;
  timezone: string;
  display_timezone: string;
  status: string;
}

/** Decimal strings in the ad account's currency; "-" is "no data". */
export interface DaySpend {
  spend: string;
  billed_cost: string;
  cash_spend: string;
  voucher_spend: string;
}

type PaymentState = 'paid' | 'pending' | 'refused';

export interface Payment {
  id: string;
  reference: string;
  advertiserId: string;
  amountMinor: number;
  currency: string;
  state: PaymentState;
  /** Of a refusal. */
  code?: string;
  message?: string;
  /** ISO 8601. */
  createdAt: string;
}

export interface Facts {
  advertisers: Record<string, Advertiser>;
  /** Advertiser id, then date. */
  spend: Record<string, Record<string, DaySpend>>;
  payments: Payment[];
}

export interface State {
  facts: Facts;
  /** Resolves when the facts of this moment are on disk (at once without a file). */
  save(): Promise<void>;
}

/** The facts of the file if it exists, else the first ones. */
export function openState(file: string | undefined, first: Facts): State {
  if (file === undefined) return { facts: first, save: () => Promise.resolve() };
  const facts = existsSync(file) ? read(file) : first;

  let writing: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return {
    facts,
    // Whoever saves while a write is under way shares the one that follows it.
    save() {
      next ??= writing
        .catch(() => undefined)
        .then(() => {
          next = undefined;
          return write(file, JSON.stringify(facts, null, 1));
        });
      writing = next;
      return next;
    },
  };
}

function read(file: string): Facts {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Facts;
  } catch (error) {
    throw new Error(`The sandbox cannot read its state file ${file}: remove it to start anew.`, {
      cause: error,
    });
  }
}

/** Whole or not at all, also when the process is killed half-way. */
async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.new`;
  const handle = await open(draft, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}
