/** Amounts, bonuses and budgets: each region has its table, more spend never gives less, nothing is without effect. */
import { payMinor } from '../credit';
import type { AmountTable, Bonus, Pay } from '../definition';
import { currencyExponent, MoneyError, parseDecimal, toDecimal, type Rounding } from '../money';
import { ofMembers, type Check, type Parts, type Path, type Report } from './report';

export const AMOUNT_CHECKS: readonly Check[] = [
  checkTables,
  ofMembers(checkAmounts),
  ofMembers(checkTiers),
  ofMembers(checkPayment),
  checkBonusConditions,
  checkBonusEffect,
  checkBudgets,
];

function checkTables({ credit, regions, bonuses }: Parts, report: Report) {
  if (!credit) return;
  const tables = new Set<string>();
  credit.forEach((table, index) => {
    if (regions && !Object.hasOwn(regions, table.region)) {
      report(['credit', index, 'region'], notListed(`Region ${table.region}`, 'regions'));
    }
    const name = `${table.region} ${table.currency}`;
    if (tables.has(name))
      report(
        ['credit', index],
        `Region ${table.region} has a table in ${table.currency} already; remove one.`,
      );
    tables.add(name);
    if (!bonuses) return;
    for (const { id } of bonuses) {
      if (!Object.hasOwn(table.bonuses, id)) {
        report(
          ['credit', index, 'bonuses'],
          `State what bonus "${id}" adds here ({"amount": "0"} for nothing).`,
        );
      }
    }
    for (const id of Object.keys(table.bonuses)) {
      if (!bonuses.some((bonus) => bonus.id === id)) {
        report(['credit', index, 'bonuses', id], notListed(`Bonus "${id}"`, 'bonuses'));
      }
    }
  });
  for (const region of Object.keys(regions ?? {})) {
    if (!credit.some((table) => table.region === region))
      report(['credit'], `Region ${region} has no amounts; add a table for it.`);
  }
}

function checkAmounts({ credit, budgets }: Parts, report: Report) {
  credit?.forEach(({ currency, tiers, bonuses, cap, approvalThreshold }, index) => {
    const check = (text: string | null | undefined, ...path: Path) =>
      checkDecimals(text, currency, ['credit', index, ...path], report);
    const checkPay = (pay: Pay, ...path: Path) => {
      check(pay.amount, ...path, 'amount');
      check(pay.upTo, ...path, 'upTo');
      if (!isComplete(pay)) {
        report(
          ['credit', index, ...path],
          'State either an amount, or a percent together with upTo, the most that it gives.',
        );
      }
    };
    check(cap, 'cap');
    check(approvalThreshold, 'approvalThreshold');
    for (const [id, pay] of Object.entries(bonuses)) checkPay(pay, 'bonuses', id);
    tiers.forEach(({ from, ...pay }, position) => {
      check(from, 'tiers', position, 'from');
      checkPay(pay, 'tiers', position);
    });
  });
  budgets?.forEach(({ amount, currency }, index) => {
    checkDecimals(amount, currency, ['budgets', index, 'amount'], report);
    if (minorOrUndefined(amount, currency) === 0)
      report(['budgets', index, 'amount'], 'Write an amount above 0, or remove the budget.');
  });
}

function checkTiers({ credit, rounding }: Parts, report: Report) {
  credit?.forEach(({ tiers, currency }, index) => {
    tiers.forEach((tier, position) => {
      const previous = tiers[position - 1];
      if (!previous) return;
      const from = minorOrUndefined(tier.from, currency);
      const previousFrom = minorOrUndefined(previous.from, currency);
      if (from === undefined || previousFrom === undefined) return;
      if (from <= previousFrom) {
        report(
          ['credit', index, 'tiers', position, 'from'],
          `List the tiers in ascending order of "from"; this one follows ${previous.from}.`,
        );
        return;
      }
      const here = paidAt(tier, currency, from, rounding);
      const below = paidAt(previous, currency, from - 1, rounding);
      if (here !== undefined && below !== undefined && here < below) {
        report(
          ['credit', index, 'tiers', position, tier.amount === undefined ? 'percent' : 'amount'],
          `A spend of ${tier.from} gives ${toDecimal({ amountMinor: here, currency })} here, but ` +
            `${toDecimal({ amountMinor: below, currency })} just below it; a higher tier must not give less.`,
        );
      }
    });
  });
}

/** A table by which nobody is ever paid is a mistake. */
function checkPayment({ credit }: Parts, report: Report) {
  credit?.forEach(({ tiers, bonuses, cap, currency }, index) => {
    const minor = (text: string | undefined) => minorOrUndefined(text ?? '', currency);
    const most = [...tiers, ...Object.values(bonuses)].map(({ amount, upTo }) => minor(amount ?? upTo));
    if (most.every((amount) => amount === 0))
      report(['credit', index], 'This table never pays anything; state an amount above 0.');
    if (cap !== null && minor(cap) === 0)
      report(
        ['credit', index, 'cap'],
        'With a cap of 0 nothing is ever paid; raise it, or write null for none.',
      );
  });
}

function checkBonusConditions({ bonuses, partners, storePlatforms }: Parts, report: Report) {
  bonuses?.forEach(({ when }, index) => {
    const unknown = (key: keyof Bonus['when'], known: string[] | undefined, list: string) =>
      when[key]?.forEach((id, position) => {
        if (known && !known.includes(id))
          report(['bonuses', index, 'when', key, position], notListed(`"${id}"`, list));
      });
    unknown(
      'surveyPartner',
      partners?.map((partner) => partner.id),
      'partners',
    );
    unknown('storePlatformNot', storePlatforms, 'storePlatforms');
    if (storePlatforms?.every((platform) => when.storePlatformNot?.includes(platform))) {
      report(
        ['bonuses', index, 'when', 'storePlatformNot'],
        'Every store platform is excluded, so the bonus can never apply; exclude fewer.',
      );
    }
  });
}

/** A bonus that adds nothing anywhere, or is eaten by the cap whatever is spent. */
function checkBonusEffect({ bonuses, credit, rounding }: Parts, report: Report) {
  if (!credit) return;
  bonuses?.forEach(({ id }, position) => {
    const tables = credit.filter((table) => Object.hasOwn(table.bonuses, id));
    const most = tables.map((table) => {
      const { amount, upTo } = table.bonuses[id]!;
      return minorOrUndefined(amount ?? upTo ?? '', table.currency);
    });
    if (tables.length > 0 && most.every((minor) => minor === 0))
      report(['bonuses', position], 'No table gives this bonus an amount, so it can never apply; remove it.');
    tables.forEach((table, index) => {
      const least = leastPaid(table, rounding);
      const cap = minorOrUndefined(table.cap ?? '', table.currency);
      if (most[index]! > 0 && least !== undefined && cap !== undefined && cap <= least) {
        report(
          ['credit', credit.indexOf(table), 'bonuses', id],
          'The cap is reached without this bonus whatever is spent, so it can never apply here; raise the cap or state {"amount": "0"}.',
        );
      }
    });
  });
}

function checkBudgets({ budgets = [], regions, credit }: Parts, report: Report) {
  const shares = budgets.map((budget) => `${budget.currency} ${budget.regions?.toSorted().join() ?? 'all'}`);
  budgets.forEach(({ currency, regions: shared }, index) => {
    if (shares.indexOf(shares[index]!) < index)
      report(['budgets', index], `These regions have a budget in ${currency} already; remove one.`);
    shared?.forEach((region, position) => {
      if (regions && !Object.hasOwn(regions, region))
        report(['budgets', index, 'regions', position], notListed(`Region ${region}`, 'regions'));
      if (shared.indexOf(region) < position)
        report(['budgets', index, 'regions', position], `Region ${region} is listed twice; name each once.`);
    });
    const draws = (table: AmountTable) =>
      table.currency === currency && (shared === null || shared.includes(table.region));
    if (credit && !credit.some(draws))
      report(
        ['budgets', index],
        `No table pays in ${currency} there, so nothing can ever draw on this budget; remove it.`,
      );
  });
}

function isComplete({ amount, percent, upTo }: Pay): boolean {
  return amount === undefined
    ? percent !== undefined && upTo !== undefined
    : percent === undefined && upTo === undefined;
}

function checkDecimals(text: string | null | undefined, currency: string, path: Path, report: Report): void {
  if (text === null || text === undefined) return;
  const decimals = currencyExponent(currency);
  if ((text.split('.')[1] ?? '').length > decimals) {
    report(
      path,
      `Write ${decimals === 0 ? 'no' : `at most ${decimals}`} decimals in ${currency}; "${text}" has more.`,
    );
  } else if (minorOrUndefined(text, currency) === undefined) {
    report(path, 'This amount is too large to be counted exactly; write a smaller one.');
  }
}

function notListed(what: string, list: string): string {
  return `${what} is not listed under "${list}"; add it there, or correct it here.`;
}

/** What cannot be read is undefined here; checkAmounts has reported it. */
function minorOrUndefined(text: string, currency: string): number | undefined {
  try {
    return parseDecimal(text, currency);
  } catch (error) {
    if (error instanceof MoneyError) return undefined;
    throw error;
  }
}

function paidAt(
  pay: Pay,
  currency: string,
  spendMinor: number,
  rounding: Rounding | undefined,
): number | undefined {
  const stated = minorOrUndefined(pay.amount ?? pay.upTo ?? '', currency);
  if (stated === undefined || !isComplete(pay)) return undefined;
  return payMinor(pay, currency, spendMinor, rounding ?? 'down');
}

/** The least that a credit of this table is, without bonuses. */
function leastPaid({ tiers, currency }: AmountTable, rounding: Rounding | undefined): number | undefined {
  const from = minorOrUndefined(tiers[0]!.from, currency);
  return from === undefined ? undefined : paidAt(tiers[0]!, currency, from, rounding);
}
