/** Flickr's notice that a photo was deleted or made private: a redirect to a valid PNG or GIF that says so, with status 200. */

/** The size and the MD5 of the PNG (dusty-nv/jetson-inference#124). No SHA-256 of it is published. */
export const FLICKR_PLACEHOLDER_BYTES = 2_051;
const PLACEHOLDER_MD5 = '880a7a58e05d3e83797f27573bb6d35c';

/**
 * The last part of the path, on any host: `photo_unavailable.png`, `_l.png`, `_s.gif`, ... Observed below
 * l.yimg.com/g/images, s.yimg.com/pw/images and s.yimg.com/pw/images/en-us.
 */
const FILE_NAME = /^photo_unavailable(?:_[a-z\d]+)?\.(?:png|gif|jpe?g)$/i;

/**
 * Check every picture from the network, not only Flickr's: search engines and lists of addresses also lead to Flickr.
 *
 * @param finalUrl the URL after redirects
 * @param md5 only needed for files of `FLICKR_PLACEHOLDER_BYTES` bytes, otherwise null
 */
export function isFlickrPlaceholder(finalUrl: string, md5: string | null): boolean {
  return md5 === PLACEHOLDER_MD5 || FILE_NAME.test(URL.parse(finalUrl)?.pathname.split('/').at(-1) ?? '');
}
