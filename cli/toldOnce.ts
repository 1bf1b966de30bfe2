/** What the service tells once: a key, a secret. */
import { CommandFailure } from './failure';

/**
 * The answer, if it has what was to be told. It has not where the first answer was lost on its way and the request was sent
 * again: then nobody will ever know it. Throws CommandFailure with what to do.
 */
export async function toldOnce<Answer extends object>(
  answering: Promise<Answer>,
  member: keyof Answer & ('key' | 'secret'),
  remedy: (answer: Answer) => string,
): Promise<Answer> {
  const answer = await answering;
  if (answer[member] !== null) return answer;
  throw new CommandFailure(4, [
    `A ${member} was made, but the answer that told it was lost, and it is told once only.`,
    remedy(answer),
  ]);
}
