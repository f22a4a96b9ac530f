import { normaliseLicence, type Licence } from '../licence.ts';

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
