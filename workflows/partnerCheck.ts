/** Keeps the submitted API key of the survey partner checked: a valid one proves subscription and access by itself. */
import { CancellationScope, condition } from '@temporalio/workflow';
import { thirdParty } from './activities';
import { SERVICE, type Journal } from './journal';

/** Runs beside the waits until the enrollment has ended. */
export async function keepPartnerKeyChecked(journal: Journal): Promise<void> {
  const { state } = journal;
  const isUnchecked = () => {
    const { partnerKeyId } = state.submission;
    return partnerKeyId !== null && state.keyCheck?.partnerKeyId !== partnerKeyId;
  };
  for (;;) {
    await condition(() => isUnchecked() || state.stage === 'closed');
    if (state.stage === 'closed') return;
    await checkOnce(journal);
  }
}

async function checkOnce(journal: Journal): Promise<void> {
  const { state } = journal;
  const { enrollmentId, programId, programRevision } = state;
  const { surveyPartner } = state.submission;
  const partnerKeyId = state.submission.partnerKeyId!;
  // A late answer about a replaced key must not count.
  const superseded = () => state.submission.partnerKeyId !== partnerKeyId || state.stage === 'closed';

  const scope = new CancellationScope();
  const asked = scope.run(() =>
    thirdParty.checkPartnerKey.executeWithOptions({ summary: `check the API key at ${surveyPartner}` }, [
      { enrollmentId, programId, programRevision, surveyPartner, partnerKeyId },
    ]),
  );
  const answer = await Promise.race([asked, condition(superseded)]);
  if (!answer || superseded()) {
    scope.cancel();
    return;
  }
  state.keyCheck = { partnerKeyId, ...answer, at: journal.now() };
  if (answer.outcome === 'valid') journal.vouch();
  journal.record({
    key: `key_checked:${partnerKeyId}`,
    type: 'partner_key_checked',
    actor: SERVICE,
    details: { partnerKeyId, ...answer },
  });
  await journal.write();
}
