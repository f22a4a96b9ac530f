import * as z from 'zod';

/** Flickr returns the first 4,000 results and then repeats the last ones. So a search is cut into windows of upload dates. */
export const windowSchema = z.object({
  /** Unix time in seconds, inclusive. */
  from: z.int(),
  /** Unix time in seconds, inclusive. */
  to: z.int(),
  /** One licence id, if the dates cannot be split any further. Null for all wanted licences. */
  licence: z.int().nullable(),
});
export type UploadWindow = Readonly<z.output<typeof windowSchema>>;

/** The first photos were uploaded in February 2004. */
export const FIRST_UPLOAD_S = Date.UTC(2004, 1, 1) / 1000;
/** Results after these are repetitions. */
export const MOST_RESULTS = 4_000;
/** This is below the cap, because Flickr's reported total is not exact: there are often more photos than it says. */
export const MOST_PER_WINDOW = 3_600;
const AIM_PER_WINDOW = 2_500;
/** Uploads are not spread evenly, so smaller parts would mostly be empty. */
const MOST_PARTS = 12;

/** By date into parts of about 2,500, the newest first, or a single second by licence. Null if that is impossible. */
export function splitWindow(window: UploadWindow, total: number, licences: readonly number[]): UploadWindow[] | null {
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
