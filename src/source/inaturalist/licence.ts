import { normaliseLicence, type Licence } from '../licence.ts';

/**
 * A licence as iNaturalist writes it (API `cc-by-nc`, open data `CC-BY-NC`; null = all rights reserved), normalised.
 * It names no versions: its Creative Commons licences are 4.0, CC0 is 1.0 (as Openverse catalogues them).
 * Undefined, an answer without the key, is `unknown`.
 */
export function inaturalistLicence(code: string | null | undefined): Licence {
  if (code === undefined) return normaliseLicence(null);
  const lower = code?.trim().toLowerCase() ?? '';
  if (lower === '' || lower === 'c') return normaliseLicence('all-rights-reserved');
  return normaliseLicence(/^cc-by(-(nc|nd|sa)){0,2}$/.test(lower) ? `${lower}-4.0` : lower);
}

/** What `photo_license` takes. */
const CODES = ['cc0', 'cc-by', 'cc-by-nc', 'cc-by-nd', 'cc-by-sa', 'cc-by-nc-nd', 'cc-by-nc-sa'];
/** Licences that a photo there can have and that `photo_license` cannot ask for. */
const UNSEARCHABLE = new Set(['all-rights-reserved', 'unknown', 'public-domain', 'gfdl']);

/**
 * The value of `photo_license` that passes every observation with a photo under one of the allowed licences: null where
 * it would hide some (ask for all), '' where no photo there can have any of them. Licences must be checked per photo
 * all the same: "must have at least one photo with this license".
 */
export function photoLicenceFilter(allowed: 'any' | readonly string[]): string | null {
  if (allowed === 'any') return null;
  const ids = new Set(allowed.map((id) => id.toLowerCase()));
  if ([...UNSEARCHABLE].some((id) => ids.has(id))) return null;
  return CODES.filter((code) => ids.has(inaturalistLicence(code).id.toLowerCase())).join(',');
}
