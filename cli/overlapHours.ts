/** For how long two keys, or two secrets, hold side by side. */
import { wrongUsage } from './failure';

/** Of the option; throws CommandFailure. How many there may be is the service's to say. */
export function overlapHoursIn(text: string): number {
  if (/^\d{1,3}(\.\d+)?$/.test(text)) return Number(text);
  throw wrongUsage(`--overlap-hours: "${text}" is no number of hours; write one such as 24.`);
}
