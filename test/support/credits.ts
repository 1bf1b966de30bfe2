/** The computation of a credit in one call: tests state only what they are about. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SpendRow } from '../../program/adAccount';
import { computeCredit, type CreditInput, type CreditResult, type CreditTerms } from '../../program/credit';
import type { AmountTable, ProgramDefinition } from '../../program/definition';
import type { Rounding } from '../../program/money';
import { parseDefinition } from '../../program/parseDefinition';

/** A definition of program/definitions, e.g. `pps-demo`. */
export function shippedProgram(name: string): ProgramDefinition {
  const path = join(__dirname, `../../program/definitions/${name}.json`);
  return parseDefinition(JSON.parse(readFileSync(path, 'utf8')));
}

export const demo = shippedProgram('pps-demo');

/** One row a day from 1 December 2023, all bases alike. */
export function days(currency: string, ...spends: string[]): SpendRow[] {
  return spends.map((spend, index) => ({
    date: `2023-12-${String(index + 1).padStart(2, '0')}`,
    currency,
    amounts: { spend, billed_cost: spend, cash_spend: spend },
  }));
}

type Changes = Partial<CreditInput> & { rows?: SpendRow[]; terms?: CreditTerms };

/** The credit of December 2023: of the demo for 12,480.00 USD without a bonus, but for the changes. */
export function compute({
  rows = days('USD', '12480.00'),
  terms = demo,
  ...changes
}: Changes = {}): CreditResult {
  return computeCredit(terms, {
    programRevision: 1,
    country: 'US',
    currency: 'USD',
    spend: { from: '2023-12-01', to: '2023-12-31', rows },
    lookBack: null,
    facts: { surveyPartner: 'okendo', storePlatform: 'shopify' },
    ...changes,
  });
}

/** Terms with one table, and a bonus for stores that are not on Shopify. */
export function termsWith(table: Partial<AmountTable>, rounding: Rounding = 'half_up'): CreditTerms {
  const { region = 'US', currency = 'USD' } = table;
  return {
    regions: { [region]: [region] },
    spendBasis: 'spend',
    lookBackDays: null,
    rounding,
    bonuses: [{ id: 'own-store', name: 'not on Shopify', when: { storePlatformNot: ['shopify'] } }],
    credit: [
      {
        region,
        currency,
        tiers: [{ from: '0', amount: '0' }],
        bonuses: { 'own-store': { amount: '0' } },
        cap: null,
        approvalThreshold: null,
        ...table,
      },
    ],
  };
}

/** 0 if there is no credit. */
export const amountOf = (result: CreditResult) => (result.outcome === 'credit' ? result.amountMinor : 0);
