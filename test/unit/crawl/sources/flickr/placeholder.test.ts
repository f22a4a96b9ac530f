import { describe, expect, it } from 'vitest';
import { isFlickrPlaceholder } from '../../../../../src/crawl/sources/flickr/placeholder.ts';

const SHA256 = 'ab'.repeat(32);
const at = (finalUrl: string) => isFlickrPlaceholder({ finalUrl, sha256: SHA256 });

describe('isFlickrPlaceholder', () => {
  it.each([
    'https://s.yimg.com/pw/images/en-us/photo_unavailable.png',
    'https://s.yimg.com/pw/images/en-us/photo_unavailable_l.png',
    'http://l.yimg.com/g/images/photo_unavailable_s.gif',
    'https://combo.staticflickr.com/pw/images/photo_unavailable.gif?v=3#x',
    'http://127.0.0.1:8080/photo_unavailable.jpg',
  ])('recognises it by the address of the redirect: %s', (url) => {
    expect(at(url)).toBe(true);
  });

  it.each([
    'https://live.staticflickr.com/65535/49514337848_bbdbb5f761_b.jpg',
    'https://example.org/photo_unavailable/1.jpg',
    'https://example.org/my_photo_unavailable.png',
    'https://example.org/1.jpg?was=photo_unavailable.png',
    'no address',
    '',
  ])('treats %j as a photo', (url) => {
    expect(at(url)).toBe(false);
  });

  it("recognises it by its MD5 if the host serves it at the photo's address", () => {
    const md5 = '880a7a58e05d3e83797f27573bb6d35c';
    expect(isFlickrPlaceholder({ finalUrl: 'https://x/1.jpg', sha256: SHA256, md5 })).toBe(true);
    expect(isFlickrPlaceholder({ finalUrl: 'https://x/1.jpg', sha256: SHA256, md5: md5.replace('8', '9') })).toBe(
      false,
    );
  });

  it('accepts more hashes, in any case', () => {
    const picture = { finalUrl: 'https://x/1.jpg', sha256: SHA256 };
    expect(isFlickrPlaceholder(picture, ['cd'.repeat(32)])).toBe(false);
    expect(isFlickrPlaceholder(picture, ['cd'.repeat(32), SHA256.toUpperCase()])).toBe(true);
  });
});
