import { branchesOf, isLicenceAllowed, normaliseLicence } from '../../collection/licence.ts';

const ELEMENTS = ['BY', 'NC', 'ND', 'SA'] as const;
type LicenceElement = (typeof ELEMENTS)[number];

/** Creative Commons' list of its licences, for a licence whose version the source does not state. */
const LICENCE_LIST = 'https://creativecommons.org/licenses/list.en';
const UNVERSIONED = /^CC-BY(?:-NC)?(?:-ND|-SA)?$/;

/**
 * True for licences that let people pass a photo on: all Creative Commons licences (also NC and ND), CC0, the public
 * domain, and the open licences that `normaliseLicence` knows. `A OR B` is allowed if one branch is. Other texts are
 * not allowed, because copyright forbids it by default.
 */
export function allowsRedistribution(licence: string): boolean {
  return branchesOf(licence).some(branchAllows);
}

/** True if an export may have photos under the licence. Without pictures any licence will do, because links are no copies. */
export function mayExport(
  licence: string,
  { licences, pixels }: { readonly licences: readonly string[] | null; readonly pixels: boolean },
): boolean {
  if (licences !== null) return isLicenceAllowed(licence, licences);
  return !pixels || allowsRedistribution(licence);
}

function branchAllows(branch: string): boolean {
  const { id } = normaliseLicence(branch);
  return id === 'Public-Domain' || branchUrl(branch) !== '';
}

/** The address of a normalised licence's text, or '' if it has none. Of `A OR B`, the first branch with an address. */
export function licenceUrlOf(licence: string): string {
  return branchesOf(licence).map(branchUrl).find(Boolean) ?? '';
}

function branchUrl(branch: string): string {
  const { id, url } = normaliseLicence(branch);
  return url ?? (UNVERSIONED.test(id) ? LICENCE_LIST : '');
}

export interface LicenceNote {
  /** `BY`, or the kind of a licence without elements, such as `public domain`. */
  readonly term: string;
  readonly text: string;
}

/**
 * The elements in plain words. Sources: the legal code of the licences 4.0 at creativecommons.org, sections 1, 2(a)(4),
 * 2(b), 3(a) and 3(b), and Creative Commons' FAQ on collections and on commercial use. This is our reading, not legal advice.
 */
const ELEMENT_TEXTS: Readonly<Record<LicenceElement, string>> = {
  BY:
    'If you show the photo or pass it on, name its creator, its source and its licence, and say what was changed. ' +
    'attribution.csv has a line for each photo that does this, in its column attribution.',
  NC:
    'Do not use the photo mainly for commercial advantage or payment. What counts is the use, not who uses it. A company ' +
    'that measures a model of its own should ask its lawyers, or leave out the photos with NC.',
  ND:
    'Do not pass on changed versions of the photo. You may crop and resize it for a model, because that passes nothing on. ' +
    'A change of format alone is allowed (section 2(a)(4) of the licences 4.0), so we think that a PNG with the same pixels ' +
    'is not a changed version. We think that a cropped copy, or one with drawings on it, may be one, also in a paper.',
  SA:
    'If you change the photo and pass the result on, do so under the same licence, or under one that Creative Commons lists ' +
    'as compatible.',
};

const PUBLIC_DOMAIN: LicenceNote = {
  term: 'public domain',
  text: 'Nothing is asked of the people who use the photo. It is good practice to name the creator and the source.',
};
const RESERVED: LicenceNote = {
  term: 'no permission',
  text: 'The source names no licence that allows people to pass the photo on. Ask the creator first.',
};
const OTHER: LicenceNote = {
  term: 'own text',
  text: 'The licence allows people to pass the photo on, under the conditions of its text.',
};

/** In the order of the licence's name. For `A OR B`, of the first branch that allows redistribution: users choose. */
export function licenceNotes(licence: string): readonly LicenceNote[] {
  const branch = branchesOf(licence).find(branchAllows);
  if (branch === undefined) return [RESERVED];
  const { id } = normaliseLicence(branch);
  if (/^(?:CC0-1\.0|CC-PDM-1\.0|CC-PDDC|Public-Domain|PDDL-1\.0)$/.test(id)) return [PUBLIC_DOMAIN];
  const parts = new Set(id.startsWith('CC-') ? id.split('-') : []);
  const elements = ELEMENTS.filter((element) => parts.has(element));
  return elements.length === 0 ? [OTHER] : elements.map((term) => ({ term, text: ELEMENT_TEXTS[term] }));
}

export const COLLECTION_NOTE =
  'We think that a test set is a collection: separate photos side by side, each whole and under its own licence. We ' +
  'think that it is not an adaptation of them, so that the ND or SA of one photo does not bind the others. This is our ' +
  'reading of the licences, not legal advice.';
