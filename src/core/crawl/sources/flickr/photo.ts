import type { Wnid } from '../../../kernel/ids.ts';
import { misfitPhoto, unreadablePhoto, type FoundPhoto } from '../source.ts';
import { pictureAddress, pictureId } from '../picture-address.ts';
import { dayOf, dayOfSeconds } from '../day.ts';
import { shortText } from '../text.ts';
import { flickrLicence } from './licences.ts';
import type { FlickrPhoto } from './parse.ts';

export const FLICKR = 'flickr';

/** Keys of the sizes that a search can return, smallest first, with the maximum of their longer side in pixels. */
const SIZES: readonly { readonly key: string; readonly longerSide: number }[] = [
  { key: 'url_s', longerSide: 240 },
  { key: 'url_n', longerSide: 320 },
  { key: 'url_m', longerSide: 500 },
  { key: 'url_z', longerSide: 640 },
  { key: 'url_c', longerSide: 800 },
  { key: 'url_l', longerSide: 1024 },
  { key: 'url_h', longerSide: 1600 },
  { key: 'url_k', longerSide: 2048 },
];
/** The original upload, which may have any size and format. */
const ORIGINAL = 'url_o';

/** `extras` of the search: the sizes, the fields for the rights, and the dates. */
export const EXTRAS = [
  'license',
  'owner_name',
  'date_upload',
  'date_taken',
  ...SIZES.map(({ key }) => key),
  ORIGINAL,
].join(',');

const MEDIA_HOST = /^https?:\/\/(?:live|farm\d+|c\d+)\.(?:staticflickr|static\.flickr)\.com(?=\/)/i;

export interface FlickrContext {
  readonly wnid: Wnid;
  readonly maxSidePixels: number;
  readonly mediaUrl: string | null;
}

/** Takes the largest size of at most `maxSidePixels`, otherwise the smallest. A result lacks sizes that its owner withholds. */
export function flickrCandidate(photo: FlickrPhoto, context: FlickrContext): FoundPhoto {
  const licence = flickrLicence(photo.license);
  const size = bestSize(photo, context.maxSidePixels);
  const address = size === null ? null : pictureAddress(onMediaHost(size, context.mediaUrl));
  return {
    source: FLICKR,
    sourceId: photo.id,
    label: context.wnid,
    url: address?.url ?? '',
    pageUrl: pageOf(photo),
    creator: photo.ownername || photo.owner || null,
    licence: licence.id,
    licenceUrl: licence.url,
    takenAt: photo.datetakengranularity || photo.datetakenunknown ? null : dayOf(photo.datetaken),
    uploadedAt: dayOfSeconds(photo.dateupload),
    problem: address === null ? unreadablePhoto('Flickr offers no size of it') : address.problem,
  };
}

export function flickrMisfit(result: unknown, { wnid }: FlickrContext): FoundPhoto {
  const text = JSON.stringify(result);
  const detail = `expected a photo with an id but received ${shortText(text, 200)}`;
  return misfitPhoto({ source: FLICKR, sourceId: `no-photo-${pictureId(text)}`, label: wnid, detail });
}

function pageOf({ owner, id }: FlickrPhoto): string | null {
  if (owner === undefined || owner === '') return null;
  return `https://www.flickr.com/photos/${encodeURIComponent(owner)}/${encodeURIComponent(id)}`;
}

function bestSize(photo: FlickrPhoto, maxSidePixels: number): string | null {
  const offered = SIZES.flatMap(({ key, longerSide }) => {
    const url = photo[key];
    return typeof url === 'string' && url !== '' ? [{ url, longerSide }] : [];
  });
  const fitting = offered.filter(({ longerSide }) => longerSide <= maxSidePixels);
  const original = photo[ORIGINAL];
  return fitting.at(-1)?.url ?? offered[0]?.url ?? (typeof original === 'string' && original !== '' ? original : null);
}

function onMediaHost(url: string, mediaUrl: string | null): string {
  return mediaUrl === null ? url : url.replace(MEDIA_HOST, () => mediaUrl.replace(/\/+$/, ''));
}
