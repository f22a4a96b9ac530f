const EARLIEST_MS = Date.UTC(2000, 0, 1);
const DAY_MS = 86_400_000;

export const EVENT_TIME_RULE = 'a time from 2000-01-01 to a day from now';

/** True if a review can have this time. Browser clocks may be wrong by hours, but not by years. */
export function isEventTime(time: Date): boolean {
  return time.getTime() >= EARLIEST_MS && time.getTime() <= Date.now() + DAY_MS;
}
