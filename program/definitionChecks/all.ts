/** Everything that must hold between the values of a definition. */
import { AMOUNT_CHECKS } from './amounts';
import { PERIOD_CHECKS } from './periods';
import type { Check, Parts, Path, Report } from './report';

export const CHECKS: readonly Check[] = [
  checkIds,
  checkCountries,
  checkAttributionPrompts,
  ...PERIOD_CHECKS,
  ...AMOUNT_CHECKS,
  checkTestClock,
];

function checkIds(
  { partners, storePlatforms, bonuses, questionnaire, sharedStoreHosts }: Parts,
  report: Report,
) {
  const lists: { path: Path; ids: string[] | undefined; key?: 'id' }[] = [
    { path: ['partners'], ids: partners?.map((partner) => partner.id), key: 'id' },
    { path: ['storePlatforms'], ids: storePlatforms },
    { path: ['bonuses'], ids: bonuses?.map((bonus) => bonus.id), key: 'id' },
    {
      path: ['questionnaire', 'questions'],
      ids: questionnaire?.questions.map((question) => question.id),
      key: 'id',
    },
    { path: ['sharedStoreHosts'], ids: sharedStoreHosts },
  ];
  for (const { path, ids, key } of lists) {
    ids?.forEach((id, index) => {
      const place = key ? [...path, index, key] : [...path, index];
      if (ids.indexOf(id) < index) report(place, `"${id}" is listed twice; name each once.`);
    });
  }
}

function checkCountries({ regions }: Parts, report: Report) {
  const regionOfCountry = new Map<string, string>();
  for (const [region, countries] of Object.entries(regions ?? {})) {
    countries.forEach((country, index) => {
      const other = regionOfCountry.get(country);
      if (other)
        report(['regions', region, index], `${country} is in region ${other} already; list it once.`);
      regionOfCountry.set(country, region);
    });
  }
}

/** Without a text to look for, no template would ever be found. */
function checkAttributionPrompts({ partners }: Parts, report: Report) {
  partners?.forEach(({ verification, attributionPrompts = [] }, index) => {
    if (verification === 'machine' && attributionPrompts.length === 0)
      report(
        ['partners', index, 'attributionPrompts'],
        'Add the text of an attribution question: the check with the API key looks for it in the survey.',
      );
  });
}

function checkTestClock({ testClock, rail }: Parts, report: Report) {
  if (testClock && rail && rail !== 'sandbox') {
    report(['rail'], 'A program on a test clock pays by the rail "sandbox" only.');
  }
}
