import { normaliseLicence, type Licence } from '../../../collection/licence.ts';

/** Names by Flickr's id. Flickr's own licences keep Flickr's names. */
const NAMES: readonly string[] = [
  'all-rights-reserved',
  'CC-BY-NC-SA-2.0',
  'CC-BY-NC-2.0',
  'CC-BY-NC-ND-2.0',
  'CC-BY-2.0',
  'CC-BY-SA-2.0',
  'CC-BY-ND-2.0',
  'flickr-no-known-copyright-restrictions',
  'flickr-us-government-work',
  'CC0-1.0',
  'CC-PDM-1.0',
  'CC-BY-4.0',
  'CC-BY-SA-4.0',
  'CC-BY-ND-4.0',
  'CC-BY-NC-4.0',
  'CC-BY-NC-SA-4.0',
  'CC-BY-NC-ND-4.0',
];

const URLS: Readonly<Record<number, string>> = {
  7: 'https://www.flickr.com/commons/usage/',
  8: 'https://www.usa.gov/government-copyright',
};

/** All licences of Flickr by id: flickr.photos.licenses.getInfo as recorded on 2025-06-19, a day after 11 to 16 were added. */
const FLICKR_LICENCES: readonly Licence[] = NAMES.map((name, id) => {
  const licence = normaliseLicence(name);
  return { id: licence.id, url: URLS[id] ?? licence.url };
});

/** A search is split by these when its dates cannot be split any further. */
export const FLICKR_LICENCE_IDS: readonly number[] = FLICKR_LICENCES.map((_, id) => id);

/** An id that is not known yet keeps its number, because a guess could be wrong. */
export function flickrLicence(id: string | undefined): Licence {
  if (id === undefined || id === '') return normaliseLicence(null);
  if (!/^\d{1,4}$/.test(id)) return normaliseLicence(null);
  return FLICKR_LICENCES[Number(id)] ?? { id: `flickr-licence-${Number(id)}`, url: null };
}

/** The licence ids to search for. Null for all photos; empty if Flickr has none of the allowed licences. */
export function licenceFilter(allowed: 'any' | readonly string[]): number[] | null {
  if (allowed === 'any') return null;
  const ids = new Set(allowed.map((licence) => licence.toLowerCase()));
  return FLICKR_LICENCE_IDS.filter((id) => ids.has(FLICKR_LICENCES[id]?.id.toLowerCase() ?? ''));
}
