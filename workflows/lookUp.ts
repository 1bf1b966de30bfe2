/** Keeps the advertiser looked up: at the start, and again whenever a resubmission names another ad account. */
import { CancellationScope, condition } from '@temporalio/workflow';
import type { LookUpAnswer } from '../activities/types';
import { thirdParty } from './activities';
import { SERVICE, type Journal } from './journal';

/** Runs beside the waits until the enrollment has ended. */
export async function keepAdvertiserLookedUp(journal: Journal): Promise<void> {
  const { state } = journal;
  for (;;) {
    await condition(() => state.lookUp.state === 'pending' || state.stage === 'closed');
    if (state.stage === 'closed') return;
    await lookUpOnce(journal);
  }
}

async function lookUpOnce(journal: Journal): Promise<void> {
  const { state } = journal;
  const { advertiserId } = state.submission;
  const { month, calendarRevision } = state.period;
  const { programId, programRevision, enrolledOn } = state;
  // A late answer about a replaced ad account must not count, nor one that planned a month that was deferred meanwhile.
  const superseded = () =>
    state.submission.advertiserId !== advertiserId ||
    state.period.month !== month ||
    state.stage === 'closed';

  const scope = new CancellationScope();
  const asked = scope.run(() =>
    thirdParty.lookUpAdvertiser.executeWithOptions({ summary: `look up advertiser ${advertiserId}` }, [
      { programId, programRevision, advertiserId, enrolledOn, month, calendarRevision },
    ]),
  );
  const answer = await Promise.race([asked, condition(superseded)]);
  if (!answer || superseded()) {
    scope.cancel();
    return;
  }
  recordLookUp(journal, answer, `looked_up:${state.submission.id}`);
  await journal.write();
}

/** On the calculation date: what the platform says now is what counts. Whoever asks records the answer. */
export function lookUpAgain(journal: Journal): Promise<LookUpAnswer> {
  const { programId, programRevision, submission, enrolledOn, period } = journal.state;
  const { advertiserId } = submission;
  const { month, calendarRevision } = period;
  return thirdParty.lookUpAdvertiser.executeWithOptions(
    { summary: `look up advertiser ${advertiserId} again` },
    [{ programId, programRevision, advertiserId, enrolledOn, month, calendarRevision }],
  );
}

/** The key of its entry; one calculation may look up twice, and one month may be calculated twice. */
export function keyOfLookUpAgain({ state, sequence }: Journal): string {
  return `looked_up_again:${state.period.month}:${sequence}`;
}

/** Takes over what the platform says of the ad account; its time zone moves the end of the period. */
export function takeOver(journal: Journal, answer: LookUpAnswer): void {
  const { state } = journal;
  const at = journal.now();
  if (answer.located) {
    const { account, region, minimumSpend, period } = answer;
    state.lookUp = { state: 'located', account, region, minimumSpend, at };
    state.period = period;
  } else state.lookUp = { state: 'not_located', at };
}

/** The same, as an event of its own. */
export function recordLookUp(journal: Journal, answer: LookUpAnswer, key: string): void {
  const { advertiserId } = journal.state.submission;
  takeOver(journal, answer);
  if (answer.located) {
    const { account, region } = answer;
    const { country, currency, timeZone, status } = account;
    const details = { advertiserId, country, currency, timeZone, accountStatus: status, region };
    journal.record({ key, type: 'advertiser_located', actor: SERVICE, details });
  } else {
    journal.record({ key, type: 'advertiser_not_located', actor: SERVICE, details: { advertiserId } });
  }
}
