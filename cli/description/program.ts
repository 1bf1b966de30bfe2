/** A program definition as its admin reads it before publishing. */
import type { ProgramDefinition } from '../../program/definition';
import { documentHash } from '../../program/revision';
import { facts, section } from '../layout';
import { describeAmounts, describeBonuses, describeBudgets } from './amounts';
import { describeCriteria, describePartners } from './criteria';
import { describePeriods } from './periods';
import {
  describeDataSharing,
  describeMoves,
  describePayout,
  describeQuestionnaire,
  describeReminders,
} from './rules';

/** The whole program, of at most 100 columns where its own words permit; ends with the hash of its revision. */
export function describeProgram(definition: ProgramDefinition): string {
  const { name, id, notice, window, timeZone, supportMail, storePlatforms, sharedStoreHosts } = definition;
  return [
    section(
      name,
      facts([
        ['Id', id],
        ['Notice', notice ?? 'none'],
        ['Window', `${window.from} to ${window.to}`],
        ['Time zone', timeZone],
        ['Support', supportMail],
        ['Store platforms', storePlatforms.join(', ')],
        ['Shared hosts', sharedStoreHosts.join(', ') || 'none'],
      ]),
    ),
    describePartners(definition),
    describeCriteria(definition),
    describePeriods(definition),
    describeAmounts(definition),
    describeBonuses(definition),
    describeBudgets(definition),
    describeMoves(definition),
    describeReminders(definition),
    describeQuestionnaire(definition),
    describeDataSharing(definition),
    describePayout(definition),
    section('Revision', [documentHash(definition)]),
  ].join('\n');
}
