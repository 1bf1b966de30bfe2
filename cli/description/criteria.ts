/** The criteria of the program page as people read them, in its order. */
import type { CriterionId } from '../../program/criteria';
import type { ProgramDefinition } from '../../program/definition';
import { countOf, facts, listOf, section, table } from '../layout';

const VERIFIED_BY: Record<ProgramDefinition['partners'][number]['verification'], string> = {
  attested: 'confirms criteria 1 to 3 itself',
  machine: 'criteria 1 to 3 are checked with the API key from the form',
};

export function describePartners({ partners }: ProgramDefinition): string {
  return section(
    'Survey partners',
    table(partners.map(({ id, name, verification }) => [id, name, VERIFIED_BY[verification]])),
  );
}

const NAMES: Record<CriterionId, string> = {
  subscription: 'Subscription',
  survey_template: 'Survey template',
  data_sharing: 'Data sharing',
  questionnaire: 'Questionnaire',
  advertiser_located: 'Advertiser located',
  ad_account_active: 'Ad account active',
  region_eligible: 'Region eligible',
  active_advertising: 'Active advertising',
};

export function describeCriteria(definition: ProgramDefinition): string {
  const { partners, dataSharing, questionnaire, lookBackDays } = definition;
  const required = questionnaire.questions.filter((question) => question.required).length;
  const words: Record<CriterionId, string> = {
    subscription: `The advertiser is subscribed to ${listOf(
      partners.map(({ name }) => name),
      'or',
    )}.`,
    survey_template: "It uses that partner's approved survey template, with its attribution questions.",
    data_sharing: `It authorizes data sharing (text ${dataSharing.textVersion}) and makes its API keys available.`,
    questionnaire:
      required === 0
        ? 'It sends the questionnaire; no answer is required.'
        : `It answers the ${countOf(required, 'required question')} of the questionnaire.`,
    advertiser_located: 'The advertiser ID on the form is found.',
    ad_account_active: 'The ad account is active.',
    region_eligible:
      'Its country is in a region of the program, and its currency is one that the program pays there (see Amounts).',
    active_advertising:
      'It spends in the calculation period at least the lowest amount that its region names (see Amounts)' +
      (lookBackDays === null
        ? '.'
        : `, and it spent nothing in the ${countOf(lookBackDays, 'day')} before the day of enrollment.`),
  };
  const rows = Object.entries(words) as [CriterionId, string][];
  return section('Criteria', facts(rows.map(([id, text], index) => [`${index + 1}  ${NAMES[id]}`, text])));
}
