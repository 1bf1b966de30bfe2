/**
 * Reports of what is known already, over the life of an enrollment: each is an entry of its timeline, and whoever repeats
 * itself without end must not fill it. A refused Update costs nothing.
 */
import { failure } from './kinds';

const MAXIMUM = 100;

export class Repeats {
  constructor(public counted = 0) {}

  count(): void {
    this.counted += 1;
  }

  refuseEndless(): void {
    if (this.counted < MAXIMUM) return;
    throw failure('REPEATED_TOO_OFTEN', 'The same has been reported over and over; it is known.');
  }
}
