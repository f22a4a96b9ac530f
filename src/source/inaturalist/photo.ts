/**
 * Sizes of which a URL names one, by the longer side at most: original 2,048 px, large 1,024, medium 500, small 240.
 *
 * Why `large` is the default of `sources.inaturalist.photoSize`: the models want a shorter side of up to 297 px. `medium` has it only up to an aspect ratio of 1.7, so
 * that every 16:9 photo would be enlarged, and a blurred photo may fool a model for that alone; `large` has it up to
 * 3.4, and people see at review what is in it. It costs about three times the bytes of `medium`.
 */
export const PHOTO_SIZES = ['original', 'large', 'medium', 'small'] as const;
export type PhotoSize = (typeof PHOTO_SIZES)[number];

/**
 * The URL of a photo in another size, from the one the API gives (mostly `square`): "the photo URL can be modified to
 * replace only the size qualifier (each variant shares the exact same extension)". The `?epoch` of older answers is
 * dropped: newer ones name the same file without it, and one photo shall have one URL. Null if the URL is not of this form.
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

/**
 * Whom to credit, from an attribution line such as `(c) Nicolas Noé, some rights reserved (CC BY)`. The wording after
 * the last comma comes in the languages of the site; a name may hold commas itself. Null if the line names nobody.
 */
export function creatorOf(attribution: string | null | undefined): string | null {
  const line = attribution?.trim().replace(/^(?:\(c\)|©)\s*/iu, '') ?? '';
  const end = line.lastIndexOf(',');
  const name = line.slice(0, Math.max(end, 0)).trim();
  return name === '' ? null : name;
}
