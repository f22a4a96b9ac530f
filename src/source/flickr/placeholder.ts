/**
 * In place of a photo that was deleted or made private, Flickr sends a redirect to a picture that says so: 200, a valid
 * PNG or GIF, the same for everybody. In collections that do not look for it, it has become the mean of the data.
 */

/** What is known of a picture once it has been fetched. */
export interface FetchedPicture {
  /** After redirects. */
  readonly finalUrl: string;
  /** Of its bytes: 64 hex digits. */
  readonly sha256: string;
  /** Of its bytes: 32 hex digits. Worth computing only for `FLICKR_PLACEHOLDER_BYTES` bytes; absent if it was not. */
  readonly md5?: string;
}

/** The size of the PNG, in bytes (dusty-nv/jetson-inference#124). */
export const FLICKR_PLACEHOLDER_BYTES = 2_051;

/**
 * Hashes under which it is known. Of the PNG only the MD5 has been published (downloaders of image-net.org's lists of
 * addresses compare it); what else is met with goes into `sources.flickr.placeholderHashes`.
 */
const KNOWN_HASHES: readonly string[] = ['880a7a58e05d3e83797f27573bb6d35c'];

/**
 * The last part of the path, on whatever host: `photo_unavailable.png`, `_l.png`, `_s.gif`, ... have been seen below
 * l.yimg.com/g/images, s.yimg.com/pw/images and s.yimg.com/pw/images/en-us.
 */
const FILE_NAME = /^photo_unavailable(?:_[a-z\d]+)?\.(?:png|gif|jpe?g)$/i;

/**
 * Whether a picture is Flickr's notice that a photo is gone, which is then dropped as `placeholder`. Ask it of every
 * picture from the network, not of Flickr's alone: search engines and lists of addresses lead to Flickr too.
 *
 * @param moreHashes SHA-256 or MD5, hex digits in any case
 */
export function isFlickrPlaceholder(picture: FetchedPicture, moreHashes: readonly string[] = []): boolean {
  if (FILE_NAME.test(lastPart(picture.finalUrl))) return true;
  const known = new Set([...KNOWN_HASHES, ...moreHashes].map((hash) => hash.toLowerCase()));
  return [picture.sha256, picture.md5].some((hash) => hash !== undefined && known.has(hash.toLowerCase()));
}

function lastPart(url: string): string {
  return URL.parse(url)?.pathname.split('/').at(-1) ?? '';
}
