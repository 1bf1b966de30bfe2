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
  type Dismissal,
  type Enrollment,
  type Explanation,
  type EnrollmentPage,
  type Timeline,
} from './description/enrollment';
import { enrollmentIdOf, enrollmentPath } from './enrollmentPath';
import { wrongUsage } from './failure';
import { countOf } from './layout';
import { addFilters, queryOf, type Filters } from './listFilters';
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
  remote(ofOne('dismiss', 'Takes the refused messages of an enrollment off the list of `attention`.'), {
    example: `dismiss ${ID}`,
    ask: async (service, [id]) =>
      service.post<Dismissal>(`/v1/attention/${await enrollmentIdOf(service, id)}/dismissal`, {}),
    describe: ({ dismissed }) => `${countOf(dismissed, 'refused message')} dismissed.\n`,
  });
  addList(pps);
}

interface ListOptions {
  sort?: string;
  limit: string;
  after?: string;
  watch?: true | string;
  json?: true;
}

function addList(pps: Command): void {
  const command = pps.command('list').description('Lists enrollments, newest first.');
  addFilters(command)
    .option('--sort <order>', 'createdAt, -createdAt, updatedAt or -updatedAt (default: -createdAt)')
    .option('--limit <number>', 'at most so many, 1 to 200', '50')
    .option('--after <cursor>', 'the page after another, as that one shows it')
    .option('--watch [seconds]', 'show it again every so many seconds (5 if left out), until Ctrl-C');
  withService(command, 'list --status action_required --watch').action(
    async ({ watch, json: isJson, ...query }: ListOptions & Filters) => {
      const service = openService();
      const show = async () => {
        const page = await service.get<EnrollmentPage>('/v1/enrollments', queryOf(query));
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
