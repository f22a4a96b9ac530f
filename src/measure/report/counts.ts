import type { Report } from './report.ts';
import type { Rights } from '../../core/shortlist/photo-of-class.repository.ts';

export function countsBy<Item>(items: readonly Item[], keysOf: (item: Item) => readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of items) for (const key of keysOf(item)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].toSorted(([a, some], [b, others]) => others - some || (a < b ? -1 : 1));
}

/** The address is the first that a photo of that licence has. */
export function licencesOf(rights: readonly Pick<Rights, 'licence' | 'licenceUrl'>[]): Report['licences'] {
  return countsBy(rights, ({ licence }) => [licence]).map(([licence, count]) => ({
    licence,
    url: rights.find((one) => one.licence === licence && one.licenceUrl !== null)?.licenceUrl ?? '',
    photos: count,
  }));
}
