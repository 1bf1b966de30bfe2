/**
 * Which patches of the workflows an enrollment takes when it first comes to them. The history keeps the answer: a marker
 * if it is taken, and then every later build has to contain it. So it is shipped switched off, and switched on by a
 * setting once all workers contain it.
 */
import type { PatchActivationCallback } from '@temporalio/worker';
import { SettingsError } from '../settings/environment';

/** The SDK's own patches, which are none of ours to hold back: `__sdk_internal_...`, `__temporal_internal_...`. */
const OF_THE_SDK = /^__/;

/** Throws SettingsError for a patch that this build does not contain. `contained`: workflows/patches.ts. */
export function patchActivation(
  active: readonly string[],
  contained: readonly string[],
): PatchActivationCallback {
  const unknown = active.filter((patchId) => !contained.includes(patchId));
  if (unknown.length > 0) {
    throw new SettingsError(
      `ACTIVE_PATCHES names ${unknown.join(', ')}, which this build does not contain (it contains ` +
        `${contained.join(', ') || 'none'}). Run a build that does: enrollments that have taken the patch cannot go on here.`,
    );
  }
  return ({ patchId }) => OF_THE_SDK.test(patchId) || active.includes(patchId);
}
