/**
 * Flickr's notice that a photo was deleted or made private: a redirect to a picture that says so (status 200, a valid PNG or
 * GIF, the same for everybody). Collections that do not filter it out contain it many times.
 */

export interface FetchedPicture {
  readonly finalUrl: string;
  readonly sha256: string;
  /** The MD5 of the bytes: 32 hex digits. Only needed for files of `FLICKR_PLACEHOLDER_BYTES` bytes. */
  readonly md5?: string;
}

/** The size of the PNG in bytes (dusty-nv/jetson-inference#124). */
export const FLICKR_PLACEHOLDER_BYTES = 2_051;

/**
 * Known hashes of the notice. Of the PNG only the MD5 is published (programs that download image-net.org's lists of addresses
 * compare it). Add others to `sources.flickr.placeholderHashes`.
 */
const KNOWN_HASHES: readonly string[] = ['880a7a58e05d3e83797f27573bb6d35c'];

/**
 * The last part of the path, on any host: `photo_unavailable.png`, `_l.png`, `_s.gif`, ... Observed below
 * l.yimg.com/g/images, s.yimg.com/pw/images and s.yimg.com/pw/images/en-us.
 */
const FILE_NAME = /^photo_unavailable(?:_[a-z\d]+)?\.(?:png|gif|jpe?g)$/i;

/**
 * True if a picture is Flickr's notice that a photo is gone. Such a picture is dropped as `placeholder`. Check every picture
 * from the network, not only Flickr's: search engines and lists of addresses also lead to Flickr.
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
