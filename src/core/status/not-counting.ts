/**
 * Why the verdict on a photo does not count:
 *
 * - `taken-down`: the photo was taken down.
 * - `withdrawn`: no candidate brings it for the class any more. Its licence is not allowed, or its place of origin has changed.
 * - `dropped`, `failed`, `undecided`: its decision under the collection's rules of now.
 * - `control`: the filter drops the photo as `correct`, and the shortlist has it as a control.
 * - `crawl-sample`: the photo was drawn from the crawl, and is not listed.
 * - `left-out`: the filter keeps it, but the shortlist of now was built without it. The next `winnow shortlist` lists it again
 *   if it was reviewed.
 */
export type NotCounting = keyof typeof NOT_COUNTING_TEXT;

export const NOT_COUNTING_TEXT = {
  'taken-down': 'does not count: the photo was taken down',
  withdrawn: 'does not count: no candidate that the collection allows brings the photo for this class any more',
  control: 'does not count towards the set: the photo is a control',
  'crawl-sample': 'does not count towards the set: the photo was drawn from the crawl',
  dropped: 'does not count: the filter drops the photo now',
  failed: 'does not count: the photo cannot be evaluated',
  undecided: 'does not count: the photo has to be decided again; run winnow filter',
  'left-out': 'does not count: the photo is not on the shortlist; run winnow shortlist to list it again',
} as const;
