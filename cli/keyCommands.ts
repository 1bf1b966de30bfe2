/** `pps keys ...`: API keys of the service. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type * as answers from '../api/answers';
import { instant } from './description/enrollment';
import { facts, section, table } from './layout';
import { overlapHoursIn } from './overlapHours';
import { remote } from './remoteCommand';
import { toldOnce } from './toldOnce';

type Key = z.infer<typeof answers.apiKey>;
type NewKey = z.infer<typeof answers.newApiKey>;

interface CreateOptions {
  role: string;
  id: string;
  surveyPartner?: string;
  test?: true;
  expires?: string;
}

const KEY_ID = 'apk_1f0c9ae2b7d34c6e8a55';
const OPTION_OF = { '/expiresAt': '--expires' };
const EXPIRES = ['--expires <instant>', 'instant in UTC, such as 2030-12-31T00:00:00Z'] as const;

export function addKeyCommands(pps: Command): void {
  const keys = pps.command('keys').description('API keys: who may ask the service.');
  remote<NewKey, CreateOptions>(
    keys
      .command('create')
      .description('Makes a key, and tells it once.')
      .requiredOption('--role <role>', 'caller, partner, admin, approver, operator or auditor')
      .requiredOption('--id <id>', 'the person or system that holds it')
      .option('--survey-partner <id>', 'of role partner, such as kno')
      .option('--test', 'for programs on test clocks only')
      .option(...EXPIRES),
    {
      example: 'keys create --role caller --id shop-app',
      optionOf: OPTION_OF,
      ask: (service, _args, { role, id, surveyPartner, test, expires }) =>
        keyTold(
          service.post('/v1/api-keys', {
            role,
            id,
            ...(surveyPartner !== undefined && { surveyPartner }),
            ...(test && { test }),
            ...(expires !== undefined && { expiresAt: expires }),
          }),
        ),
      describe: told,
    },
  );
  remote<{ items: Key[]; next: string | null }, { after?: string }>(
    keys
      .command('list')
      .description('Lists keys, newest first.')
      .option('--after <cursor>', 'the page after another, as that one shows it'),
    {
      example: 'keys list',
      ask: (service, _args, { after }) => service.get('/v1/api-keys', { after }),
      describe: ({ items, next }) => {
        if (items.length === 0) return 'No keys. (Those of the setting API_KEYS are not listed.)\n';
        const rows = items.map((key) => [
          key.keyId,
          `${key.role} ${key.id}`,
          key.test ? 'test' : 'live',
          standing(key),
          key.lastUsedAt === null ? 'never' : instant(key.lastUsedAt),
        ]);
        const more = next === null ? '' : `\nMore: --after ${next}\n`;
        return `${table(rows, { head: ['Key', 'Holder', 'For', 'Until', 'Last used'] }).join('\n')}\n${more}`;
      },
    },
  );
  remote<Key, object>(
    keys.command('revoke').description('Revokes a key, at once and for good.').argument('<key>', 'its id'),
    {
      example: `keys revoke ${KEY_ID}`,
      ask: (service, [id]) => service.post(`/v1/api-keys/${encodeURIComponent(id!)}/revocation`, {}),
      describe: ({ keyId, role, id }) => `${keyId} of ${role} ${id} opens nothing any more.\n`,
    },
  );
  remote<NewKey, { overlapHours?: string; expires?: string }>(
    keys
      .command('rotate')
      .description('Makes a key in the place of another, which lives on for a while.')
      .argument('<key>', 'id of the old one')
      .option('--overlap-hours <hours>', 'how long the old one lives on, 0 to 720 (default: 24)')
      .option(...EXPIRES),
    {
      example: `keys rotate ${KEY_ID} --overlap-hours 48`,
      optionOf: OPTION_OF,
      ask: (service, [id], { overlapHours, expires }) =>
        keyTold(
          service.post(`/v1/api-keys/${encodeURIComponent(id!)}/rotation`, {
            ...(overlapHours !== undefined && { overlapHours: overlapHoursIn(overlapHours) }),
            ...(expires !== undefined && { expiresAt: expires }),
          }),
        ),
      describe: told,
    },
  );
}

function keyTold(making: Promise<NewKey>): Promise<NewKey> {
  return toldOnce(
    making,
    'key',
    ({ keyId }) => `Revoke it (pps keys revoke ${keyId}) and make another (pps keys create).`,
  );
}

function told(made: NewKey): string {
  return section(
    `${made.role} ${made.id}`,
    facts([
      ['Key', made.key!],
      ['Id', made.keyId],
      made.surveyPartner === null ? null : ['Survey partner', made.surveyPartner],
      ['For', made.test ? 'programs on test clocks only' : 'all programs'],
      ['Until', standing(made)],
    ]),
    ['The key is told here only: keep it now.'],
  );
}

function standing({ expiresAt, revokedAt }: Key): string {
  if (revokedAt !== null) return `revoked ${instant(revokedAt)}`;
  return expiresAt === null ? 'no end' : instant(expiresAt);
}
