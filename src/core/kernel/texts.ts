/** `81,413`. Not by `Intl`: its first use takes a page 10 ms. */
export function countText(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 job`, `81,413 jobs` */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** `multiple objects`, of the tag `multiple_objects` */
export function tagText(tag: string): string {
  return tag.replaceAll(/[-_]/g, ' ');
}

/** The texts that apply: `nonEmpty([count > 0 && 'there are some'])`. Leaves out `false` and ''. */
export function nonEmpty(texts: readonly (string | false)[]): string[] {
  return texts.filter((text): text is string => text !== false && text !== '');
}

/** A word as a shell takes it, in quotes if it needs them. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** `11.0 %`, or a dash if the whole is 0. */
export function shareText(part: number, whole: number): string {
  return whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : '–';
}

/** Three decimals. A smaller probability that is not 0 is shown as `<0.001`. */
export function probabilityText(probability: number): string {
  return probability > 0 && probability < 0.0005 ? '<0.001' : probability.toFixed(3);
}

/** `1:05` for an hour and five minutes. */
export function hoursText(hours: number): string {
  const minutes = Math.round(60 * hours);
  return `${countText(Math.floor(minutes / 60))}:${String(minutes % 60).padStart(2, '0')}`;
}

/** `4.9 GB`, as budgets are given: a kilobyte has a thousand bytes. */
export function bytesText(bytes: number): string {
  if (bytes < 999.5) return `${Math.round(bytes)} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1_000;
  // A value that rounds to 1000.0 is shown in the next unit.
  for (; value >= 999.95 && units.length > 1; units.shift()) value /= 1_000;
  return `${value.toFixed(1)} ${units[0]}`;
}

/** Numbers of photos that a head was fitted or measured with, so its figures leave them out. Null if unknown. */
export interface FittedPhotos {
  readonly photos: number | null;
  readonly of: number;
  /** Among clean photos, and among those in the distribution; 0 without such photos. */
  readonly clean: number | null;
  readonly inDistribution: number | null;
}

/** `fitted on 3 of 81 photos of this set; left out` */
export function fittedText({ photos, of, clean, inDistribution }: FittedPhotos): string {
  if (photos === null) return 'unknown which photos it was fitted on, so none is left out';
  const more = [
    ['clean photos', clean ?? 0] as const,
    ['photos in the distribution', inDistribution ?? 0] as const,
  ].flatMap(([what, count]) => (count === 0 ? [] : [`${countText(count)} ${what}`]));
  const all = listText([`${countText(photos)} of ${countOf(of, 'photo')} of this set`, ...more]);
  return `fitted on ${all}${photos + more.length === 0 ? '' : '; left out'}`;
}

/**
 * `softmax over 200 classes (imagenet-o); the filter's rule is over 1,000 (imagenet-1k)`: the lists of a figure of detection.
 * A model of the sigmoid kind takes the same classes.
 */
export function oodListsText(lists: {
  readonly among: string;
  readonly amongClasses: number;
  readonly ruleAmong: string | null;
  readonly ruleAmongClasses: number | null;
}): string {
  const { among, amongClasses, ruleAmong, ruleAmongClasses } = lists;
  const own = `softmax over ${countOf(amongClasses, 'class', 'classes')} (${among})`;
  if (ruleAmong === null || ruleAmongClasses === null) return own;
  return `${own}; the filter's rule is over ${countText(ruleAmongClasses)} (${ruleAmong})`;
}

/** `discover, fetch and filter` */
export function listText(words: readonly string[]): string {
  return words.length <= 1 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** How long the remaining work takes at this rate a second; null if that is unknown. */
export function timeLeftText(left: number, rate: number | null): string | null {
  if (left === 0 || rate === null || rate <= 0) return null;
  const minutes = left / rate / 60;
  if (minutes < 1) return 'under a minute';
  if (minutes < 90) return `${Math.round(minutes)} min`;
  return minutes < 48 * 60 ? `${(minutes / 60).toFixed(1)} h` : `${Math.round(minutes / 1_440)} days`;
}

/** Photos with two blind verdicts from which on agreement has an interval, and from which on it needs no warning. */
const PHOTOS_FOR_INTERVAL = 10;
const ENOUGH_PHOTOS = 20;

/** A sentence that belongs beside the agreement of reviewers over few photos; null if there are enough, or none. */
export function fewPhotosText({ photos }: { readonly photos: number }): string | null {
  if (photos === 0 || photos >= ENOUGH_PHOTOS) return null;
  const only = `Only ${photos} ${photos === 1 ? 'photo has' : 'photos have'} two blind verdicts`;
  return photos < PHOTOS_FOR_INTERVAL ? `${only}: too few for an interval.` : `${only}: these figures are rough.`;
}
