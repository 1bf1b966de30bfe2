/**
 * Every recorded history, replayed by the workflow as it is built now. A change that breaks one would break enrollments
 * that are open: docs/changing-the-workflow.md says what to do then.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { builtEntry } from '../dev/settings';
import { EVENT_TYPES } from '../program/eventTypes';

const { History } = temporal.api.history.v1;
const DIRECTORY = join(__dirname, 'histories');
const BUNDLE = builtEntry('workflow-bundle.js');
const names = readdirSync(DIRECTORY).filter((file) => file.endsWith('.json'));

beforeAll(() => {
  // What must fail fails with a warning.
  Runtime.install({ logger: new DefaultLogger('ERROR') });
});

test.each(names)('When %s is replayed by the workflow of today, then it goes the same way', async (name) => {
  await replay(read(name), await readFile(BUNDLE, 'utf8'));
});

describe('all recorded histories together', () => {
  const events = names.flatMap((name) => read(name).events!);
  const summaries = events.flatMap(({ timerStartedEventAttributes, userMetadata }) =>
    timerStartedEventAttributes && userMetadata?.summary
      ? [defaultPayloadConverter.fromPayload<string>(userMetadata.summary)]
      : [],
  );

  // The names of what an entry tells are the summary of the local activity that writes it.
  const happened = events.flatMap(({ markerRecordedEventAttributes, userMetadata }) =>
    markerRecordedEventAttributes && userMetadata?.summary
      ? defaultPayloadConverter.fromPayload<string>(userMetadata.summary).split(', ')
      : [],
  );

  test('When histories are recorded, then whatever may happen to an enrollment happens in one of them', () => {
    expect(EVENT_TYPES.filter((type) => !happened.includes(type))).toEqual([]);
  });

  test.each(['next reminder', 'calculation date of 2023-12', 'payout date of 2023-12'])(
    'When enrollments wait by real timers, then one for the %s is started',
    (summary) => expect(summaries).toContain(summary),
  );

  test('When enrollments wait by real timers, then some have fired, and one was moved while it ran', () => {
    expect(events.filter((event) => event.timerFiredEventAttributes).length).toBeGreaterThan(3);
    expect(events.some((event) => event.timerCanceledEventAttributes)).toBe(true);
    expect(summaries).toContain('calculation date of 2023-11');
  });
});

test('When the workflow asks for another activity than it did, then the replay fails', async () => {
  const bundle = await readFile(BUNDLE, 'utf8');
  const changed = bundle.replaceAll('lookUpAdvertiser.executeWithOptions', 'measure.executeWithOptions');
  expect(changed).not.toBe(bundle);
  await expect(replay(read('straight-path.json'), changed)).rejects.toThrow(DeterminismViolationError);
});

test('When a history holds an activity that the workflow never asked for, then the replay fails', async () => {
  const history = read('lost-payout-answer.json');
  const scheduled = history.events!.map(({ activityTaskScheduledEventAttributes: attributes }) => attributes);
  scheduled.find((attributes) => attributes?.activityType?.name === 'pay')!.activityType!.name = 'payTwice';
  await expect(replay(history, await readFile(BUNDLE, 'utf8'))).rejects.toThrow(DeterminismViolationError);
});

test.each(names)(
  'When %s is read by anybody, then it holds no personal data and no machine names',
  (name) => {
    const text = plainText(name);
    expect(text.includes('recorded.example')).toBe(true); // the brand's key, which is in the workflow id
    expect(
      text.match(
        /Blue Kettle|Nora|Nils|Wind\b|nora@|nils@|By telephone|Looked at|fk_|At the checkout|https:\/\/recorded|\d+@/g,
      ),
    ).toBeNull();
  },
);

/** Inputs, results and summaries are in base64. */
function plainText(name: string): string {
  const recorded = readFileSync(join(DIRECTORY, name), 'utf8');
  return JSON.stringify(JSON.parse(recorded), (key, value: unknown) =>
    key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : value,
  );
}

function replay(history: temporal.api.history.v1.IHistory, code: string): Promise<void> {
  return Worker.runReplayHistory({ workflowBundle: { code } }, history);
}

function read(name: string): temporal.api.history.v1.IHistory {
  return History.fromObject(JSON.parse(readFileSync(join(DIRECTORY, name), 'utf8')) as object);
}
