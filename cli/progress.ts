/** How far something is: a bar that is drawn in place on a terminal, a line now and then elsewhere. On the standard error. */
import { complain } from './terminal';

export interface Progress {
  /** `share` from 0 to 1; `text` stands behind the bar. */
  show(share: number, text: string): void;
  /** Leaves the last picture where it is; what is said next begins a line of its own. */
  end(): void;
}

const WIDTH = 30;
/** A file that somebody reads later needs no more. */
const LINES = 10;

export function showProgress(name: string): Progress {
  return process.stderr.isTTY ? bar(name) : lines(name);
}

function bar(name: string): Progress {
  let drawn = '';
  return {
    show(share, text) {
      const full = Math.round(Math.min(share, 1) * WIDTH);
      const picture = `${name} [${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}] ${text}`;
      if (picture === drawn) return;
      // To the begin of the line, which is emptied: the picture before may have been longer.
      process.stderr.write(`\r\u001b[K${picture}`);
      drawn = picture;
    },
    end() {
      if (drawn !== '') process.stderr.write('\n');
      drawn = '';
    },
  };
}

function lines(name: string): Progress {
  let printed = 0;
  return {
    show(share, text) {
      const step = Math.floor(share * LINES);
      if (step <= printed) return;
      printed = step;
      complain([`${name}: ${text}`]);
    },
    end: () => undefined,
  };
}
