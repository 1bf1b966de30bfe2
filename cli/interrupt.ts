/** Ctrl-C while something goes on elsewhere: nothing is undone, so it is said how to come back. */
import { complain } from './terminal';

const INTERRUPTED = 130;

/** On Ctrl-C says how to come back, and ends. Returns what takes that back. */
export function onInterrupt(sentence: string): () => void {
  const interrupted = () => {
    process.stderr.write('\n');
    complain([sentence]);
    process.exit(INTERRUPTED);
  };
  process.once('SIGINT', interrupted);
  return () => process.off('SIGINT', interrupted);
}
