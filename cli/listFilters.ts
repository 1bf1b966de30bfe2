/** The filters of lists and exports. */
import type { Command } from 'commander';

/** The filters of the API under the names of their options. */
const FILTERS = {
  program: ['--program <id>', 'of this program'],
  status: ['--status <list>', 'with one of these statuses, such as action_required,awaiting_approval'],
  waitingFor: ['--waiting-for <who or what>', 'that wait for it, such as partner or questionnaire'],
  partner: ['--partner <id>', 'of this survey partner'],
  month: ['--month <month>', 'with this calculation month'],
  brandDomain: ['--brand-domain <domain>', 'of this brand'],
  reasonCode: ['--reason-code <code>', 'ended or held for it, or with a criterion that failed for it'],
  updatedSince: ['--updated-since <instant>', 'changed since, such as 2026-01-31T00:00:00Z'],
} satisfies Record<string, [flags: string, description: string]>;
export type Filters = Partial<Record<keyof typeof FILTERS, string>>;

export function addFilters(command: Command): Command {
  for (const filter of Object.values(FILTERS)) command.option(...filter);
  return command;
}

/** As the API takes them: one parameter for each status. */
export function queryOf<Q extends Filters>({ status, ...query }: Q) {
  return { ...query, status: status?.split(',') };
}
