import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { sniff } from '../../../../../src/core/platform/image/sniff.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="5" height="5"><rect width="5" height="5"/></svg>';
/** An ISO base media file whose first box names its brand. */
const isoMedia = (brand: string): Buffer =>
  Buffer.concat([latin1(`\0\0\0\x18ftyp${brand}\0\0\0\0mif1${brand}`), Buffer.alloc(200)]);

describe('sniff', () => {
  it.each([
    ['gif', 'image/gif'],
    ['tiff', 'image/tiff'],
    ['avif', 'image/avif'],
  ] as const)('knows a real %s file as a picture of another kind', async (format, mediaType) => {
    const file = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .toFormat(format)
      .toBuffer();
    expect(await sniff(file)).toEqual({ kind: 'other-picture', mediaType });
  });

  it.each([
    ['a bitmap', Buffer.concat([latin1('BM\x46\0\0\0\0\0\0\0\x36\0\0\0'), Buffer.alloc(60)])],
    ['HEIC', isoMedia('heic')],
    ['bare JPEG XL', Buffer.concat([Buffer.from([0xff, 0x0a]), Buffer.alloc(60)])],
    ['boxed JPEG XL', Buffer.concat([Buffer.from('0000000c4a584c200d0a870a', 'hex'), Buffer.alloc(60)])],
    [
      'JPEG 2000',
      Buffer.concat([Buffer.from('0000000c6a5020200d0a870a', 'hex'), latin1('\0\0\0\x14ftypjp2 '), Buffer.alloc(60)]),
    ],
    ['JPEG-LS', Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xf7]), Buffer.alloc(60)])],
    ['Photoshop', Buffer.concat([latin1('8BPS\0\x01'), Buffer.alloc(60)])],
    ['an icon', Buffer.concat([Buffer.from([0, 0, 1, 0, 1, 0, 16, 16]), Buffer.alloc(60)])],
    ['PDF', latin1('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n')],
    ['PostScript', latin1('%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n')],
  ])('knows %s as a picture of another kind', async (_, file) => {
    expect(await sniff(file)).toMatchObject({ kind: 'other-picture' });
  });

  it.each([
    ['bare', latin1(SVG)],
    [
      'with declaration, comments and doctype',
      latin1(`<?xml version="1.0"?>\n<!-- > <html> -->\n<!DOCTYPE svg PUBLIC "a" "b">\n${SVG}`),
    ],
    ['with a doctype that declares entities', latin1('<!DOCTYPE svg [ <!ENTITY ns "http://x"> ]><svg/>')],
    ['after a byte order mark and blanks', Buffer.from(`\uFEFF \n${SVG}`, 'utf8')],
    ['in UTF-16, little-endian', Buffer.from(`\uFEFF${SVG}`, 'utf16le')],
    ['in UTF-16, big-endian', Buffer.from(`\uFEFF<?xml version="1.0"?>${SVG}`, 'utf16le').swap16()],
    ['with a namespace prefix', latin1('<svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>')],
    ['in capitals', latin1(SVG.toUpperCase())],
  ])('knows SVG %s', async (_, file) => {
    expect(await sniff(file)).toEqual({ kind: 'other-picture', mediaType: 'image/svg+xml' });
  });

  it.each([
    ['HTML', latin1('<!DOCTYPE html><html><body>404</body></html>')],
    ['HTML that contains a drawing', latin1(`<!doctype html><body>${SVG}`)],
    ['HTML that mentions SVG in a comment', latin1(`<!--<svg>--><html>`)],
    ['other XML', latin1('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>')],
    ['an element that only begins like one', latin1('<svgfoo/>')],
    ['an unclosed comment', latin1('<!-- <svg>')],
    ['JSON', latin1('{"error":"not found"}')],
    ['text that begins like a bitmap', latin1('BMW is a maker of cars')],
    ['a zip', Buffer.concat([latin1('PK\x03\x04\x14\0\0\0\0\0'), Buffer.alloc(40)])],
    ['gzip', Buffer.from('1f8b0800000000000003', 'hex')],
    ['a film', isoMedia('isom')],
    ['a sound in the same wrapper as WebP', Buffer.concat([latin1('RIFF\x24\0\0\0WAVEfmt '), Buffer.alloc(40)])],
    ['zeros', Buffer.alloc(5_000)],
    ['one byte', Buffer.of(0xff)],
    ['two letters that WebP files begin with, too', latin1('RI')],
  ])('says that %s is no picture', async (_, file) => {
    expect(await sniff(file)).toMatchObject({ kind: 'no-picture' });
  });

  it('says so of an empty file in words', async () => {
    expect(await sniff(Buffer.alloc(0))).toEqual({ kind: 'no-picture', mediaType: 'an empty file' });
  });
});
