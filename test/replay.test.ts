/**
 * Every recorded history, replayed by the workflow as it is built now. A change that breaks one would break enrollments
 * that are open: docs/changing-the-workflow.md says what to do then.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { builtEntry } from '../dev/settings';

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

test('When histories are recorded, then each way through the process is among them', () => {
  expect(names).toEqual(
    expect.arrayContaining([
      'straight-path.json',
      'deferral.json',
      'standing-confirmation.json',
      'corrected-advertiser.json',
      'lost-payout-answer.json',
      'rolled-on-then-ineligible.json',
      'signals.json',
      'read-model-away.json',
      'partner-key.json',
      'approval.json',
      'held-waived-withdrawn.json',
      'new-run.json',
      'held-while-paying.json',
      'withdrawn-while-paying.json',
      'cancelled-too-late.json',
    ]),
  );
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
    const recorded = readFileSync(join(DIRECTORY, name), 'utf8');
    // Inputs, results and summaries are in base64.
    const text = JSON.stringify(JSON.parse(recorded), (key, value: unknown) =>
      key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : value,
    );
    expect(text.includes('recorded.example')).toBe(true); // the brand's key, which is in the workflow id
    expect(
      text.match(
        /Blue Kettle|Nora|Nils|Wind\b|nora@|nils@|By telephone|Looked at|fk_|At the checkout|https:\/\/recorded|\d+@/g,
      ),
    ).toBeNull();
  },
);

function replay(history: temporal.api.history.v1.IHistory, code: string): Promise<void> {
  return Worker.runReplayHistory({ workflowBundle: { code } }, history);
}

function read(name: string): temporal.api.history.v1.IHistory {
  return History.fromObject(JSON.parse(readFileSync(join(DIRECTORY, name), 'utf8')) as object);
}
