/** `pps status`, `why`, `timeline`, `list`, `attention`: what the service knows. */
import type { Command } from 'commander';
import {
  describeAttention,
  describeOffer,
  describeEnrollment,
  describePage,
  describeTimeline,
  type AttentionList,
  type DeferralOffer,
  type Enrollment,
  type Explanation,
  type EnrollmentPage,
  type Timeline,
} from './description/enrollment';
import { enrollmentPath } from './enrollmentPath';
import { wrongUsage } from './failure';
import { remote, withService } from './remoteCommand';
import { openService } from './service';
import { clearScreen, isTerminal, json, print } from './terminal';

const ID = 'enr_8d53a5e2f3d84a6a9a5c';

export function addLookCommands(pps: Command): void {
  pps.commandsGroup('Look:');
  const ofOne = (name: string, description: string) =>
    pps.command(name).description(description).argument('<enrollment>', "its id, or its brand's domain");

  remote(ofOne('status', 'Shows an enrollment: what it waits for, its criteria, its credit.'), {
    example: `status ${ID}`,
    ask: async (service, [id]) => service.get<Enrollment>(await enrollmentPath(service, id)),
    describe: describeEnrollment,
  });
  remote(ofOne('why', 'Says who must do what by when, and what happens otherwise.'), {
    example: `why ${ID}`,
    ask: async (service, [id]) =>
      service.get<Explanation>(`${await enrollmentPath(service, id)}/explanation`),
    describe: ({ text }) => `${text}\n`,
  });
  remote(ofOne('timeline', 'Shows what has happened, oldest first.'), {
    example: `timeline ${ID}`,
    ask: async (service, [id]) => service.get<Timeline>(`${await enrollmentPath(service, id)}/timeline`),
    describe: describeTimeline,
  });
  remote(ofOne('months', 'Shows to which months it may be deferred, and why not to the others.'), {
    example: `months ${ID}`,
    ask: async (service, [id]) => service.get<DeferralOffer>(`${await enrollmentPath(service, id)}/deferral`),
    describe: describeOffer,
  });
  remote(pps.command('attention').description('Lists what staff must look at, and what to do about it.'), {
    example: 'attention',
    ask: (service) => service.get<AttentionList>('/v1/attention'),
    describe: describeAttention,
  });
  addList(pps);
}

interface ListOptions {
  limit: string;
  after?: string;
  watch?: true | string;
  json?: true;
}

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
  sort: ['--sort <order>', 'createdAt, -createdAt, updatedAt or -updatedAt (default: -createdAt)'],
} satisfies Record<string, [flags: string, description: string]>;
type Filters = Partial<Record<keyof typeof FILTERS, string>>;

function addList(pps: Command): void {
  const command = pps.command('list').description('Lists enrollments, newest first.');
  for (const filter of Object.values(FILTERS)) command.option(...filter);
  command
    .option('--limit <number>', 'at most so many, 1 to 200', '50')
    .option('--after <cursor>', 'the page after another, as that one shows it')
    .option('--watch [seconds]', 'show it again every so many seconds (5 if left out), until Ctrl-C');
  withService(command, 'list --status action_required --watch').action(
    async ({ watch, json: isJson, ...query }: ListOptions & Filters) => {
      const service = openService();
      const show = async () => {
        const status = query.status?.split(',');
        const page = await service.get<EnrollmentPage>('/v1/enrollments', { ...query, status });
        return isJson ? json(page) : describePage(page);
      };
      if (watch === undefined) print(await show());
      else await repeat(show, secondsOf(watch));
    },
  );
}

function secondsOf(watch: true | string): number {
  const seconds = watch === true ? 5 : Number(watch);
  if (seconds >= 1 && seconds <= 3_600) return seconds;
  throw wrongUsage(`--watch: "${String(watch)}" is no number of seconds from 1 to 3600.`);
}

/** On a terminal the picture is drawn anew; elsewhere it is printed again when it has changed. */
async function repeat(show: () => Promise<string>, seconds: number): Promise<never> {
  for (let before = ''; ;) {
    const now = await show();
    if (isTerminal()) clearScreen();
    if (isTerminal() || now !== before) print(now);
    before = now;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  }
}
