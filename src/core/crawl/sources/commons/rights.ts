import { knownLicence, normaliseLicence, type Licence } from '../../../collection/licence.ts';
import { dayOf } from '../day.ts';
import { pageAddress } from '../picture-address.ts';
import type { FileInfo } from './answer.ts';
import { htmlText } from './html-text.ts';

type Metadata = FileInfo['extmetadata'];

/** The fields of `extmetadata` to ask for. */
export const METADATA_FIELDS =
  'LicenseUrl|License|LicenseShortName|NonFree|DeletionReason|Restrictions|Attribution|Artist|AuthorCount|Credit|Categories|DateTimeOriginal';

/**
 * By the licence's address, then its slug (`cc-by-sa-3.0-nl`), then its short name. `License` is one pick of several, in which the
 * public domain beats all others: without an address it may be that of the work in the photo alone. Null if none is named.
 */
export function commonsLicence(field: Metadata, acceptPd: boolean): Licence | null {
  const address = absolute(field('LicenseUrl'));
  const texts = [address, field('License'), field('LicenseShortName')];
  const named = texts[2] || texts[1] || '';
  const licence =
    texts.map(knownLicence).find((one) => one !== null) ?? (named === '' ? null : normaliseLicence(named));
  if (licence?.id !== 'Public-Domain') return licence;
  const url = pageAddress(address);
  return url !== null || acceptPd ? { ...licence, url } : normaliseLicence(null);
}

/** Why Commons itself says that the file is not free. Null if it is. */
export function notFree(field: Metadata): string | null {
  return ['NonFree', 'DeletionReason'].find((name) => field(name) !== '') ?? null;
}

/** The credit that the author asks for, otherwise the author. It is never the uploader. */
export function commonsCreator(field: Metadata): string | null {
  const asked = htmlText(field('Attribution'));
  if (asked !== '') return asked;
  const artist = htmlText(field('Artist'));
  const others = Number(field('AuthorCount')) - 1;
  if (artist === '') return null;
  return others > 0 ? `${artist} and ${others} more` : artist;
}

/** Restrictions other than copyright, such as `personality` and `trademarked`, sorted. */
export function restrictionsOf(field: Metadata): readonly string[] {
  const codes = field('Restrictions')
    .split('|')
    .map((code) => code.trim());
  return [...new Set(codes.filter((code) => /^[\w-]{1,40}$/.test(code)))].toSorted();
}

const ORIGINS: readonly (readonly [source: string, address: RegExp])[] = [
  ['flickr', /\bflickr\.com\/photos\/[\w@%-]+\/(\d+)/i],
  ['inaturalist', /\b(?:inaturalist\.org|inaturalist-open-data\.s3\.amazonaws\.com)\/photos\/(\d+)/i],
];

/** The photo that the file was copied from, as `flickr:12345`. Null if its credit links to none. */
export function originOf(field: Metadata): string | null {
  for (const [source, address] of ORIGINS) {
    const id = address.exec(field('Credit'))?.[1];
    if (id !== undefined) return `${source}:${id}`;
  }
  return null;
}

/** Null if the text, which may be HTML, has no day or several, such as the first and last of a time. */
export function takenAtOf(field: Metadata): string | null {
  const [day, ...others] = new Set(field('DateTimeOriginal').match(/(?<!\d)\d{4}-\d\d-\d\d/g));
  return others.length > 0 ? null : dayOf(day);
}

const AI_CATEGORY =
  /\b(?:AI|artificial intelligence)[- ]generated\b|\b(?:generated|created|made) (?:by|with|using) (?:an? )?(?:AI|artificial intelligence|DALL|Midjourney|Stable Diffusion|Google Gemini|ChatGPT)\b/i;

/** The first category that says that a machine made the picture. */
export function aiCategory(field: Metadata): string | null {
  return (
    field('Categories')
      .split('|')
      .find((category) => AI_CATEGORY.test(category)) ?? null
  );
}

export function absolute(address: string): string {
  return address.startsWith('//') ? `https:${address}` : address;
}
