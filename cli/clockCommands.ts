/** `pps clock ...`: test clocks. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type * as answers from '../api/programAnswers';
import { instant } from './description/enrollment';
import { wrongUsage } from './failure';
import { countOf } from './layout';
import { remote } from './remoteCommand';

function speedIn(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw wrongUsage(`--speed: "${text}" is no speed; write a number such as 86400, or 0 to stand still.`);
}

export function addClockCommands(pps: Command): void {
  const clock = pps.command('clock').description('The test clock of a program.');
  remote<z.infer<typeof answers.clock>, { to?: string; speed?: string }>(
    clock
      .command('advance')
      .description('Sets a test clock forward, or its speed.')
      .argument('<program>', 'id of a program on a test clock')
      .option('--to <instant>', 'instant in UTC, such as 2023-12-01T00:00:00Z, or a day')
      .option('--speed <number>', 'program time per real time; 0 stands still'),
    {
      example: 'clock advance pps-demo --to 2023-12-01',
      optionOf: { '/advanceTo': '--to' },
      ask: (service, [program], { to, speed }) => {
        if (to === undefined && speed === undefined) throw wrongUsage('Name --to, --speed, or both.');
        return service.post(`/v1/programs/${encodeURIComponent(program!)}/clock`, {
          ...(to !== undefined && { advanceTo: /^\d{4}-\d\d-\d\d$/.test(to) ? `${to}T00:00:00Z` : to }),
          ...(speed !== undefined && { speed: speedIn(speed) }),
        });
      },
      describe: ({ now, speed, woken }) =>
        `The clock shows ${instant(now)} and ${speed === 0 ? 'stands still' : `runs at ${speed} times real time`}; ${countOf(woken, 'open enrollment')} told.\n`,
    },
  );
}
