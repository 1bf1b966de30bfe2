/** What operators read and filter by in Temporal UI, in the recorded histories. Needs no servers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';
import { defaultPayloadConverter } from '@temporalio/common';

const { History } = temporal.api.history.v1;
type Event = temporal.api.history.v1.IHistoryEvent;

const DIRECTORY = join(__dirname, 'histories');
const names = readdirSync(DIRECTORY).filter((file) => file.endsWith('.json'));

test.each([
  ['straight-path', ['paid']],
  ['still-waiting', []],
  ['deferral', ['paid']],
  ['corrected-advertiser', ['action_required', 'open', 'paid']],
  ['approval', ['awaiting_approval', 'open', 'paid']],
  ['lost-payout-answer', ['payout_unknown', 'open', 'paid']],
  ['rolled-on-then-ineligible', ['ineligible']],
])('When the way is %s, then EnrollmentStatus is written as %j and no more often', (name, statuses) => {
  const written = read(`${name}.json`).flatMap(
    ({ upsertWorkflowSearchAttributesEventAttributes: upsert }) => {
      const status = upsert?.searchAttributes?.indexedFields?.['EnrollmentStatus'];
      return status ? [defaultPayloadConverter.fromPayload(status)] : [];
    },
  );
  expect(written).toEqual(statuses);
});

test.each(names)('When %s is read in Temporal UI, then each step and wait has a name', (name) => {
  const steps = read(name).filter(isStep);
  expect(steps.length).toBeGreaterThan(3);
  const nameless = steps.filter(({ userMetadata }) => !userMetadata?.summary);
  expect(nameless.map(({ eventId }) => String(eventId))).toEqual([]);
});

/** Activities, writes of the read model and timers; a look at the clock is none of the process. */
function isStep(event: Event): boolean {
  const activity = event.activityTaskScheduledEventAttributes?.activityType?.name;
  return Boolean(
    (activity && activity !== 'readClock') ||
    event.timerStartedEventAttributes ||
    event.markerRecordedEventAttributes?.markerName === 'core_local_activity',
  );
}

function read(name: string): Event[] {
  return History.fromObject(JSON.parse(readFileSync(join(DIRECTORY, name), 'utf8')) as object).events;
}
