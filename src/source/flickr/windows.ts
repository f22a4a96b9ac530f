/**
 * Flickr gives at most the first 4,000 results of a search and then repeats the last ones, so a search is cut into
 * windows of upload dates, each small enough to be walked to its end.
 */
export interface Window {
  /** Unix time in seconds, inclusive. */
  readonly from: number;
  /** Unix time in seconds, inclusive. */
  readonly to: number;
  /** One licence id, once the dates cannot be split any further; null for all wanted. */
  readonly licence: number | null;
}

/** The first photos were uploaded in February 2004. */
export const FIRST_UPLOAD_S = Date.UTC(2004, 1, 1) / 1000;
/** What follows repeats what was before. */
export const MOST_RESULTS = 4_000;
/** Below the cap, as the total that Flickr reports is not exact: often more come than it says. */
export const MOST_PER_WINDOW = 3_600;
/** What a window is aimed at when it is split. */
const AIM_PER_WINDOW = 2_500;
/** Uploads are not spread evenly, so that finer parts would mostly be empty ones. */
const MOST_PARTS = 12;

/**
 * Splits a window that holds too much: by date into parts of about 2,500, the newest first, or by licence if it is a
 * single second. Null if it cannot be split at all: its first 4,000 have to do.
 */
export function splitWindow(window: Window, total: number, licences: readonly number[]): Window[] | null {
  const { from, to, licence } = window;
  const seconds = to - from + 1;
  if (seconds > 1) {
    const parts = Math.min(MOST_PARTS, seconds, Math.max(2, Math.ceil(total / AIM_PER_WINDOW)));
    const edgeOf = (part: number): number => from + Math.floor((seconds * part) / parts);
    return Array.from({ length: parts }, (_, i) => parts - 1 - i).map((part) => ({
      from: edgeOf(part),
      to: edgeOf(part + 1) - 1,
      licence,
    }));
  }
  if (licence !== null || licences.length < 2) return null;
  return licences.map((id) => ({ from, to, licence: id }));
}
