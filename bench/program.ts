/**
 * What a program costs in computing time: one credit, and the validation of a very large definition. The work is the
 * same in every run (fixed seed); the times are those of the machine. `npm run bench -- program [--json]`
 */
import { computeCredit, type CreditInput } from '../program/credit';
import { parseDefinition } from '../program/parseDefinition';

const SEED = 20231101;
const REGIONS = 200;
const MONTHS = 60;
const TIERS = 5;
const CREDITS_PER_BATCH = 2_000;
const CREDIT_BATCHES = 15;
const VALIDATIONS = 15;

interface Figure {
  name: string;
  unit: 'µs' | 'ms';
  median: number;
  fastest: number;
  slowest: number;
  /** What was done in all, the warm-up not counted. */
  times: number;
}

main();

function main(): void {
  const definition = largeDefinition();
  // Throws if the definition is not valid. The first time is what a command waits for; the others are a server's.
  const first = figure('validating a definition, first time', 'ms', 1, 1, () => parseDefinition(definition));
  const terms = parseDefinition(definition);
  const inputs = creditInputs(CREDITS_PER_BATCH);
  const credits = () => inputs.filter((input) => computeCredit(terms, input).outcome === 'credit').length;
  const paid = credits();
  if (paid === 0 || paid === inputs.length)
    throw new Error('The bench needs spends with and without a credit.');

  const figures = [
    figure('one credit (30 days of spend)', 'µs', CREDIT_BATCHES, inputs.length, credits),
    first,
    figure('validating a definition, warm', 'ms', VALIDATIONS, 1, () => parseDefinition(definition)),
  ];
  const counts = {
    regions: REGIONS,
    months: MONTHS,
    tiers: REGIONS * TIERS,
    definitionBytes: JSON.stringify(definition).length,
    creditsPaid: paid,
    creditsNotPaid: inputs.length - paid,
  };
  if (process.argv.includes('--json')) {
    console.log(
      JSON.stringify({ bench: 'program', seed: SEED, node: process.version, counts, figures }, null, 2),
    );
  } else {
    console.table(Object.fromEntries(figures.map(({ name, ...rest }) => [name, rest])));
    console.table(counts);
  }
}

/** Times a batch several times, and states what one of its `size` steps took. */
function figure(
  name: string,
  unit: Figure['unit'],
  batches: number,
  size: number,
  batch: () => unknown,
): Figure {
  const perMillisecond = unit === 'µs' ? 1_000 : 1;
  const taken = Array.from({ length: batches }, () => {
    const start = performance.now();
    batch();
    return ((performance.now() - start) * perMillisecond) / size;
  }).sort((a, b) => a - b);
  const rounded = (index: number) => Number(taken[index]!.toFixed(2));
  return {
    name,
    unit,
    median: rounded(batches >> 1),
    fastest: rounded(0),
    slowest: rounded(batches - 1),
    times: batches * size,
  };
}

/** November 2023 of ad accounts in all regions, from no spend to beyond the highest tier. */
function creditInputs(count: number): CreditInput[] {
  const random = seededRandom(SEED);
  return Array.from({ length: count }, (_, index) => {
    const perDay = random() * 1_000;
    return {
      programRevision: 1,
      country: countryAt(index % REGIONS),
      currency: currencyAt(index % REGIONS),
      spend: {
        from: '2023-11-01',
        to: '2023-11-30',
        rows: Array.from({ length: 30 }, (_, day) => {
          const spend = random() < 0.1 ? '-' : (random() * perDay).toFixed(2);
          return {
            date: `2023-11-${String(day + 1).padStart(2, '0')}`,
            currency: currencyAt(index % REGIONS),
            amounts: { spend, billed_cost: spend, cash_spend: spend },
          };
        }),
      },
      lookBack: null,
      facts: { surveyPartner: 'kno', storePlatform: index % 2 === 0 ? 'shopify' : 'woocommerce' },
    };
  });
}

/** A definition as an admin writes it: every region with tiers, shares, a bonus and a cap, every month with its dates. */
function largeDefinition(): Record<string, unknown> {
  const indexes = Array.from({ length: REGIONS }, (_, index) => index);
  const calendar = Array.from({ length: MONTHS }, (_, index) => ({
    enrollmentMonth: dayOf(index, 1).slice(0, 7),
    periodFrom: dayOf(index + 1, 1),
    periodTo: dayOf(index + 2, 0),
    payoutDate: dayOf(index + 2, 15),
  }));
  return {
    schemaVersion: 1,
    id: 'bench-program',
    name: 'Bench program',
    notice: 'Illustrative: generated to be large.',
    window: { from: dayOf(0, 1), to: dayOf(MONTHS, 0) },
    timeZone: 'America/Los_Angeles',
    supportMail: 'support@example.com',
    partners: ['fairing', 'kno', 'okendo'].map((id) => ({ id, name: id, verification: 'attested' })),
    storePlatforms: ['shopify', 'woocommerce', 'other'],
    regions: Object.fromEntries(indexes.map((index) => [regionAt(index), [countryAt(index)]])),
    calendar,
    spendBasis: 'spend',
    credit: indexes.map(amountTable),
    rounding: 'half_up',
    bonuses: [
      {
        id: 'non-shopify-kno',
        name: 'not on Shopify, with KnoCommerce',
        when: { storePlatformNot: ['shopify'], surveyPartner: ['kno'] },
      },
    ],
    budgets: indexes.map((index) => ({
      currency: currencyAt(index),
      amount: '1000000',
      regions: [regionAt(index)],
    })),
    deferral: { maximum: 3, by: ['partner', 'admin'] },
    policies: {
      missedFacts: { then: 'roll_on', atMost: 1 },
      noSpend: { then: 'close' },
      latePayoutDate: { then: 'pay_at_once' },
    },
    reminders: { advertiserDays: [3, 7], partnerDays: [3, 7], approverDays: [1, 3] },
    questionnaire: {
      questions: [{ id: 'live-since', text: 'Since when?', type: 'text', required: true }],
    },
    dataSharing: { textVersion: '1', text: 'I authorize it.' },
    rail: 'manual',
  };
}

/** Fixed amounts in every second region, shares of the spend in the others. */
function amountTable(index: number): Record<string, unknown> {
  return {
    region: regionAt(index),
    currency: currencyAt(index),
    tiers: Array.from({ length: TIERS }, (_, tier) => ({
      from: String(1_000 * 2 ** tier),
      ...(index % 2 === 0
        ? { amount: String(300 * 2 ** tier) }
        : { percent: '12.5', upTo: String(300 * 2 ** tier) }),
    })),
    bonuses: { 'non-shopify-kno': { amount: '500' } },
    cap: '5000',
    approvalThreshold: '4500',
  };
}

function regionAt(index: number): string {
  return `R${index}`;
}

function countryAt(index: number): string {
  return String.fromCharCode(65 + Math.floor(index / 26), 65 + (index % 26));
}

/** All have two decimals, so that one spend fits all. */
function currencyAt(index: number): string {
  return ['USD', 'EUR', 'GBP', 'CAD'][index % 4]!;
}

/** A day of the n-th month from October 2023; day 0 is the last of the month before. */
function dayOf(month: number, day: number): string {
  return new Date(Date.UTC(2023, 9 + month, day)).toISOString().slice(0, 10);
}

/** Numbers from 0 to below 1, the same ones for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
