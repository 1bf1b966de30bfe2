/** Days and instants as people of a program read and write them. */
import { dateInZone } from '../program/timeZone';

/** `2023-12-03 00:00` on the clocks of a zone; `at` is epoch milliseconds. */
export function dateTimeInZone(at: number, timeZone: string): string {
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    hour: '2-digit',
    minute: '2-digit',
  });
  return `${dateInZone(at, timeZone)} ${clock.format(at)}`;
}

/** Whether a text is a day that exists, as YYYY-MM-DD. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  // 30 February is taken for 1 or 2 March.
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
