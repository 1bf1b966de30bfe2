/**
 * The patches of the workflows: the id of every `patched()` and `deprecatePatch()` in this folder. A worker activates
 * only those that ACTIVE_PATCHES names (docs/changing-the-workflow.md). None before the first release: until then nothing
 * open has to survive a change.
 */
export const PATCHES: readonly string[] = [];
