/** "Ad Credit Incentive Amounts" as CSV: one row for each tier. */
import { amountTableOf } from '../credit';
import type { AmountTable, ProgramDefinition } from '../definition';
import { readCsv, writeCsv } from './csv';
import { importTable, type Place } from './importTable';
import { TableError, type TableProblem } from './tableError';

const COLUMNS = ['region', 'currency', 'minimum_spend', 'amount'] as const;

/**
 * The tiers of all tables of `credit` in their order, amounts as they are written in the definition. Throws TableError
 * for tables with a percentage, which has no column.
 */
export function amountRows({ credit }: ProgramDefinition): Record<(typeof COLUMNS)[number], string>[] {
  const errors: TableProblem[] = [];
  const rows = credit.flatMap(({ region, currency, tiers }) => {
    if (tiers.some(({ amount }) => amount === undefined)) {
      const message = `The table of ${region} in ${currency} pays a percentage, which this file has no column for; edit it in the definition.`;
      errors.push({ row: null, column: null, message });
    }
    return tiers.map(({ from, amount = '' }) => ({ region, currency, minimum_spend: from, amount }));
  });
  if (errors.length > 0) throw new TableError(errors);
  return rows;
}

/** As a file. Throws TableError as `amountRows` does. */
export function amountsToCsv(definition: ProgramDefinition): string {
  return writeCsv(COLUMNS, amountRows(definition));
}

/**
 * A copy of the definition with the tables of the file, in their order there, and no others. Bonuses, cap and approval
 * threshold, which are not in the file, stay as they are; in a new table no bonus adds anything and nothing limits the
 * credit, so an admin has to look at it. Throws TableError.
 */
export function withAmountsFromCsv(definition: ProgramDefinition, csv: string): ProgramDefinition {
  const { rows, errors } = readCsv(csv, COLUMNS);
  const credit: AmountTable[] = [];
  const places = new Map<string, Place>([['/credit', { row: null, column: null }]]);
  for (const { row, values } of rows) {
    const { region, currency, minimum_spend: from, amount } = values;
    let table = amountTableOf({ credit }, region, currency);
    if (!table) {
      const known = amountTableOf(definition, region, currency);
      table = { ...(known ?? newTable(definition, region, currency)), tiers: [] };
      const pointer = `/credit/${credit.push(table) - 1}`;
      for (const place of [pointer, `${pointer}/tiers`]) places.set(place, { row, column: null });
      for (const column of ['region', 'currency']) places.set(`${pointer}/${column}`, { row, column });
    }
    const pointer = `/credit/${credit.indexOf(table)}/tiers/${table.tiers.push({ from, amount }) - 1}`;
    places.set(pointer, { row, column: null });
    places.set(`${pointer}/from`, { row, column: 'minimum_spend' });
    places.set(`${pointer}/amount`, { row, column: 'amount' });
  }
  return importTable({ ...definition, credit }, places, errors);
}

function newTable({ bonuses }: ProgramDefinition, region: string, currency: string): AmountTable {
  return {
    region,
    currency,
    tiers: [],
    bonuses: Object.fromEntries(bonuses.map(({ id }) => [id, { amount: '0' }])),
    cap: null,
    approvalThreshold: null,
  };
}
