/** `pps webhooks ...`: who is told of events, and what was sent. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type * as answers from '../api/webhookAnswers';
import { instant } from './description/enrollment';
import { facts, section, table } from './layout';
import { overlapHoursIn } from './overlapHours';
import { remote } from './remoteCommand';
import { toldOnce } from './toldOnce';

type Subscription = z.infer<typeof answers.subscription>;
type NewSubscription = z.infer<typeof answers.newSubscription>;
type Delivery = z.infer<typeof answers.delivery>;
interface Page<T> {
  items: T[];
  next: string | null;
}

const ID = 'whk_3f0c9ae2b7d34c6e';
const DELIVERY = 'msg_0c1b6a1f4a0e4a0bb0d7';
const PATH = '/v1/webhook-subscriptions';
const pathOf = (id: string) => `${PATH}/${encodeURIComponent(id)}`;

export function addWebhookCommands(pps: Command): void {
  const webhooks = pps.command('webhooks').description('Webhooks: who is told of events.');
  addSubscriptionCommands(webhooks);
  addDeliveryCommands(webhooks);
}

function addSubscriptionCommands(webhooks: Command): void {
  remote<NewSubscription, { events?: string }>(
    webhooks
      .command('create')
      .description('Subscribes an address to events, and tells its secret once.')
      .argument('<url>', 'https, on a public host')
      .option('--events <list>', 'such as enrollment.ended,enrollment.payout_paid (default: all)'),
    {
      example: 'webhooks create https://hooks.example.com/pps --events enrollment.ended',
      ask: (service, [url], { events }) =>
        secretTold(service.post(PATH, { url, ...(events !== undefined && { events: events.split(',') }) })),
      describe: told,
    },
  );
  remote<Page<Subscription>, { after?: string }>(
    webhooks
      .command('list')
      .description('Lists subscriptions, newest first.')
      .option('--after <cursor>', 'the page after another, as that one shows it'),
    {
      example: 'webhooks list',
      ask: (service, _args, { after }) => service.get(PATH, { after }),
      describe: ({ items, next }) =>
        paged(
          ['Subscription', 'URL', 'Events', 'Enrollments', 'State'],
          items.map((one) => [one.subscriptionId, one.url, one.events.join(' '), one.audience, stateOf(one)]),
          { next, none: 'No subscriptions.' },
        ),
    },
  );
  remote<Subscription, object>(
    webhooks
      .command('delete')
      .description('Deletes a subscription, with its log.')
      .argument('<subscription>', 'its id'),
    {
      example: `webhooks delete ${ID}`,
      ask: (service, [id]) => service.post(`${pathOf(id!)}/deletion`, {}),
      describe: ({ subscriptionId, url }) => `${subscriptionId}: ${url} is told nothing any more.\n`,
    },
  );
  remote<Subscription, object>(
    webhooks
      .command('enable')
      .description('Enables a subscription that was disabled; what it missed is not sent.')
      .argument('<subscription>', 'its id'),
    {
      example: `webhooks enable ${ID}`,
      ask: (service, [id]) => service.post(`${pathOf(id!)}/enabling`, {}),
      describe: ({ subscriptionId, url }) => `${subscriptionId}: ${url} is told of events from now on.\n`,
    },
  );
  remote<NewSubscription, { overlapHours?: string }>(
    webhooks
      .command('rotate')
      .description('Makes a secret in the place of another, which lives on for a while.')
      .argument('<subscription>', 'its id')
      .option('--overlap-hours <hours>', 'how long both sign, 0 to 720 (default: 24)'),
    {
      example: `webhooks rotate ${ID} --overlap-hours 48`,
      ask: (service, [id], { overlapHours }) =>
        secretTold(
          service.post(`${pathOf(id!)}/rotation`, {
            ...(overlapHours !== undefined && { overlapHours: overlapHoursIn(overlapHours) }),
          }),
        ),
      describe: told,
    },
  );
}

function addDeliveryCommands(webhooks: Command): void {
  remote<Page<Delivery>, { after?: string; status?: string }>(
    webhooks
      .command('deliveries')
      .description('Lists what was sent in the last 14 days, newest first.')
      .argument('<subscription>', 'its id')
      .option('--status <status>', 'pending, delivered or failed')
      .option('--after <cursor>', 'the page after another, as that one shows it'),
    {
      example: `webhooks deliveries ${ID} --status failed`,
      ask: (service, [id], options) => service.get(`${pathOf(id!)}/deliveries`, { ...options }),
      describe: ({ items, next }) =>
        paged(
          ['Delivery', 'Event', 'Enrollment', 'Status', 'Attempts', 'Last answer', 'Next attempt'],
          items.map((one) => [
            one.deliveryId,
            one.event,
            one.enrollmentId ?? '',
            one.status,
            String(one.attempts),
            [one.lastStatus, one.lastError].filter((part) => part !== null).join(' '),
            one.nextAttemptAt === null ? '' : instant(one.nextAttemptAt),
          ]),
          { next, none: 'No deliveries.' },
        ),
    },
  );
  remote<Delivery, object>(
    webhooks
      .command('test')
      .description('Sends the event webhook.test, to see whether the receiver takes it.')
      .argument('<subscription>', 'its id'),
    {
      example: `webhooks test ${ID}`,
      ask: (service, [id]) => service.post(`${pathOf(id!)}/test`, {}),
      describe: ({ deliveryId }) =>
        `${deliveryId} (webhook.test) is being sent; pps webhooks deliveries tells what came of it.\n`,
    },
  );
  remote<Delivery, object>(
    webhooks
      .command('redeliver')
      .description('Sends a delivery again: the same bytes under the same id.')
      .argument('<subscription>', 'its id')
      .argument('<delivery>', 'its id'),
    {
      example: `webhooks redeliver ${ID} ${DELIVERY}`,
      ask: (service, [id, delivery]) =>
        service.post(`${pathOf(id!)}/deliveries/${encodeURIComponent(delivery!)}/redelivery`, {}),
      describe: ({ deliveryId, event }) => `${deliveryId} (${event}) is sent again.\n`,
    },
  );
}

function paged(
  head: string[],
  rows: string[][],
  { next, none }: { next: string | null; none: string },
): string {
  if (rows.length === 0) return `${none}\n`;
  const more = next === null ? '' : `\nMore: --after ${next}\n`;
  return `${table(rows, { head }).join('\n')}\n${more}`;
}

function secretTold(making: Promise<NewSubscription>): Promise<NewSubscription> {
  return toldOnce(
    making,
    'secret',
    ({ subscriptionId }) => `Make another secret for it (pps webhooks rotate ${subscriptionId}).`,
  );
}

function told({ secret, subscriptionId, url, events, audience }: NewSubscription): string {
  return section(
    url,
    facts([
      ['Secret', secret!],
      ['Id', subscriptionId],
      ['Events', events.join(' ')],
      ['Enrollments', audience],
    ]),
    ['The secret is told here only: keep it now.'],
  );
}

function stateOf({ disabledAt, disabledReason, lastDeliveredAt }: Subscription): string {
  if (disabledAt !== null) return `disabled ${instant(disabledAt)}: ${disabledReason}`;
  return lastDeliveredAt === null ? 'nothing delivered yet' : `delivered ${instant(lastDeliveredAt)}`;
}
