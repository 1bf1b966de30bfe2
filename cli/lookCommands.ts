/** `pps status`, `why`, `timeline`, `list`, `attention`: what the service knows. */
import type { Command } from 'commander';
import {
  describeAttention,
  describeEnrollment,
  describePage,
  describeTimeline,
  type AttentionList,
  type Enrollment,
  type EnrollmentPage,
  type Timeline,
} from './description/enrollment';
import { wrongUsage } from './failure';
import { json, remote, withService } from './remoteCommand';
import { openService } from './service';
import { clearScreen, isTerminal, print } from './terminal';

const ID = 'enr_8d53a5e2f3d84a6a9a5c';
const pathOf = (id = '') => `/v1/enrollments/${encodeURIComponent(id)}`;

export function addLookCommands(pps: Command): void {
  pps.commandsGroup('Look:');
  const ofOne = (name: string, description: string) =>
    pps.command(name).description(description).argument('<enrollment>', 'its id');

  remote(ofOne('status', 'Shows an enrollment: what it waits for, its criteria, its credit.'), {
    example: `status ${ID}`,
    ask: (service, [id]) => service.get<Enrollment>(pathOf(id)),
    describe: describeEnrollment,
  });
  remote(ofOne('why', 'Says who must do what by when, and what happens otherwise.'), {
    example: `why ${ID}`,
    ask: (service, [id]) => service.get<Enrollment>(pathOf(id)),
    describe: ({ statusText }) => `${statusText}\n`,
  });
  remote(ofOne('timeline', 'Shows what has happened, oldest first.'), {
    example: `timeline ${ID}`,
    ask: (service, [id]) => service.get<Timeline>(`${pathOf(id)}/timeline`),
    describe: describeTimeline,
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

function addList(pps: Command): void {
  const command = pps
    .command('list')
    .description('Lists enrollments, newest first.')
    .option('--limit <number>', 'at most so many, 1 to 200', '50')
    .option('--after <id>', 'the page after this enrollment')
    .option('--watch [seconds]', 'show it again every so many seconds (5 if left out), until Ctrl-C');
  withService(command, 'list --watch').action(async ({ watch, ...options }: ListOptions) => {
    const service = openService();
    const show = async () => {
      const { limit, after } = options;
      const page = await service.get<EnrollmentPage>('/v1/enrollments', { limit, after });
      return options.json ? json(page) : describePage(page);
    };
    if (watch === undefined) print(await show());
    else await repeat(show, secondsOf(watch));
  });
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
