/** No photo is older. */
const FIRST_YEAR = 1826;
const DAY_MS = 86_400_000;

/** The day, such as 2026-12-02, that a date or a time of a source begins with. Null for a day that cannot be, such as one to come. */
export function dayOf(text: string | null | undefined): string | null {
  const [, year, month, day] = /^\s*(\d{4})[-:](\d\d)[-:](\d\d)(?!\d)/.exec(text ?? '') ?? [];
  const date = new Date(`${year}-${month}-${day}`);
  // The 30th of February is read as the 2nd of March. Somewhere it is tomorrow already.
  if (Number(year) < FIRST_YEAR || Number(day) !== date.getUTCDate() || date.getTime() > Date.now() + DAY_MS)
    return null;
  return `${year}-${month}-${day}`;
}

/** The same in UTC, if the text is a time with its offset from UTC. */
export function uploadDayOf(text: string | null | undefined): string | null {
  const day = dayOf(text);
  const time = day !== null && /T.*[+-]\d\d:?\d\d\s*$/.test(text ?? '') ? new Date(text ?? '') : null;
  return time === null || Number.isNaN(time.getTime()) ? day : dayOf(time.toISOString());
}

/** @param seconds since 1970. 0 means that the source does not know. */
export function dayOfSeconds(seconds: number | undefined): string | null {
  const date = new Date((seconds ?? 0) * 1000);
  return seconds === undefined || seconds === 0 || Number.isNaN(date.getTime()) ? null : dayOf(date.toISOString());
}
