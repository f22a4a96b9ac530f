import { normaliseLicence, type Licence } from '../../../collection/licence.ts';

/**
 * The maximum of the longer side: original 2,048 px, large 1,024, medium 500, small 240. Why `large` is the default: the models
 * need a shorter side of up to 297 px. `medium` has this only up to an aspect ratio of 1.7, so every 16:9 photo would be
 * enlarged, and the blur alone could fool a model. `large` has it up to 3.4, at about three times the bytes.
 */
export const INATURALIST_SIZES = ['original', 'large', 'medium', 'small'] as const;
export type PhotoSize = (typeof INATURALIST_SIZES)[number];

/**
 * Replaces the size in a URL of the API (mostly `square`): "the photo URL can be modified to replace only the size qualifier
 * (each variant shares the exact same extension)". Removes the `?epoch` of older answers, because a photo must have one URL.
 * Null if the URL has another form.
 */
export function photoUrl(url: string, size: PhotoSize): string | null {
  const given = URL.parse(url);
  if (given === null) return null;
  const { protocol, host, pathname } = given;
  const match = /^(.*\/)(?:square|thumb|small|medium|large|original)\.([A-Za-z0-9]{1,5})$/.exec(pathname);
  if (match === null || !/^https?:$/.test(protocol)) return null;
  const [, folder = '', extension = ''] = match;
  return `${protocol}//${host}${folder}${size}.${extension}`;
}

/** From a line such as `(c) Nicolas Noé, some rights reserved (CC BY)`. A name may contain commas. Null if it names nobody. */
export function creatorOf(attribution: string | null | undefined): string | null {
  const line = attribution?.trim().replace(/^(?:\(c\)|©)\s*/iu, '') ?? '';
  const end = line.lastIndexOf(',');
  const name = line.slice(0, Math.max(end, 0)).trim();
  return name === '' ? null : name;
}

/**
 * Normalises a licence as iNaturalist writes it (API `cc-by-nc`, open data `CC-BY-NC`; null = all rights reserved).
 * iNaturalist states no versions: its Creative Commons licences are 4.0, and CC0 is 1.0 (as in Openverse's catalogue).
 * Undefined (the key is missing) gives `unknown`.
 */
export function inaturalistLicence(code: string | null | undefined): Licence {
  if (code === undefined) return normaliseLicence(null);
  const lower = code?.trim().toLowerCase() ?? '';
  if (lower === '' || lower === 'c') return normaliseLicence('all-rights-reserved');
  return normaliseLicence(/^cc-by(-(nc|nd|sa)){0,2}$/.test(lower) ? `${lower}-4.0` : lower);
}

const CODES = ['cc0', 'cc-by', 'cc-by-nc', 'cc-by-nd', 'cc-by-sa', 'cc-by-nc-nd', 'cc-by-nc-sa'];
/** Licences that a photo can have and that `photo_license` cannot search for. */
const UNSEARCHABLE = new Set(['all-rights-reserved', 'unknown', 'public-domain', 'gfdl']);

/**
 * Returns the value of `photo_license` that finds every observation with a photo under an allowed licence. Null if the filter
 * would hide some, so search for all. '' if no photo can have an allowed licence. The licence of each photo must still be
 * checked: "must have at least one photo with this license".
 */
export function photoLicenceFilter(allowed: 'any' | readonly string[]): string | null {
  if (allowed === 'any') return null;
  const ids = new Set(allowed.map((id) => id.toLowerCase()));
  if ([...UNSEARCHABLE].some((id) => ids.has(id))) return null;
  return CODES.filter((code) => ids.has(inaturalistLicence(code).id.toLowerCase())).join(',');
}
