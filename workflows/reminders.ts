/** Waiting for a date, and reminding whoever is waited for meanwhile: one timer, for whichever comes first. */
import { dueReminders, nextReminder } from '../program/reminders';
import { SERVICE, type Journal } from './journal';
import type { Waits } from './waits';

/**
 * Until the program clock has reached `deadline()`, which may move, and is undefined while nobody can say. Reminders that
 * fall due are recorded; the mails themselves follow from the timeline.
 */
export async function waitAndRemind(
  journal: Journal,
  waits: Waits,
  deadline: () => number | undefined,
  summary: () => string,
): Promise<void> {
  const { state } = journal;
  const hasCome = (at = deadline()) => at !== undefined && at <= journal.now();
  for (;;) {
    const next = () => nextReminder(state)?.at ?? Infinity;
    await waits.until(
      () => {
        const first = Math.min(deadline() ?? Infinity, next());
        return first === Infinity ? undefined : first;
      },
      () => (next() < (deadline() ?? Infinity) ? 'next reminder' : summary()),
    );
    if (hasCome()) return;
    remind(journal);
    await journal.write();
  }
}

function remind(journal: Journal): void {
  const { state } = journal;
  for (const { to, of, number } of dueReminders(state, journal.now())) {
    const wait = state.pending[of]!;
    state.pending[of] = { ...wait, reminded: number };
    const details = { to, of, number };
    journal.record({
      key: `reminder:${of}:${wait.since}:${number}`,
      type: 'reminder_due',
      actor: SERVICE,
      details,
    });
  }
}
