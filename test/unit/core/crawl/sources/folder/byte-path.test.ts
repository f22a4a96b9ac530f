import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  bytePathOf,
  bytePathOfText,
  fileUrlOf,
  isWithin,
  joinPath,
  pathOfFileUrl,
  pathOfShown,
  showPath,
} from '../../../../../../src/core/crawl/sources/folder/byte-path.ts';

const EVERY_BYTE = String.fromCharCode(...Array.from({ length: 255 }, (_, byte) => byte + 1));
const TEXTS = [
  '/a/b.jpg',
  '/it\'s 50% "#1"? <b>.jpg',
  '/tw\no\tli\rnes',
  '/\u00e9\u4e16\u{1f420}',
  '/a\\b',
  '/[x]|{y}^~`',
];
const BROKEN = [
  'caf\xe9',
  '\xc3',
  '\xe2\x82',
  '\xed\xa0\x80',
  '\xc0\xaf',
  '\xf4\x90\x80\x80',
  '\xff\xfe',
  'a\x80\xc3\xa9',
];

describe('showPath', () => {
  it('shows UTF-8 unchanged', () => {
    for (const text of TEXTS) expect(showPath(bytePathOfText(text))).toBe(text);
  });

  it('shows bytes that are not UTF-8 as escapes, and no others', () => {
    expect(showPath('caf\xe9/\xc3\xa9.jpg')).toBe(String.raw`caf\xe9/` + '\u00e9.jpg');
    expect(showPath('\xed\xa0\x80')).toBe(String.raw`\xed\xa0\x80`);
  });

  it('distinguishes a broken name from a name that looks like its escape', () => {
    expect(showPath(String.raw`a\xff`)).toBe(String.raw`a\x5cxff`);
    expect(showPath('a\xff')).toBe(String.raw`a\xff`);
  });

  it.each([
    ...BROKEN,
    String.raw`\x`,
    String.raw`\x4`,
    '\\\xff',
    '\\x\xff',
    '\\x4\xff',
    String.raw`\x5c`,
    String.raw`\\x41`,
    EVERY_BYTE,
  ])('loses nothing of %j and is well-formed text', (path) => {
    const shown = showPath(path);
    expect(pathOfShown(shown)).toBe(path);
    expect(Buffer.from(shown, 'utf8').toString('utf8')).toBe(shown);
  });

  it('never shows U+0000, which PostgreSQL cannot store', () => {
    expect(showPath('a\0b')).toBe(String.raw`a\x00b`);
  });
});

describe('fileUrlOf', () => {
  it('gives URLs that URL and Node understand for names in UTF-8', () => {
    for (const text of TEXTS) {
      const url = fileUrlOf(bytePathOfText(text));
      expect(fileURLToPath(url)).toBe(text);
      expect(new URL(url).href).toBe(url);
    }
  });

  it('is inverted byte for byte by pathOfFileUrl', () => {
    for (const path of [...TEXTS.map(bytePathOfText), ...BROKEN.map((name) => `/${name}`), `/${EVERY_BYTE}`]) {
      expect(bytePathOf(pathOfFileUrl(fileUrlOf(path)))).toBe(path);
    }
  });
});

it.each([
  'https://example.com/a.jpg',
  'file://host/a.jpg',
  'file:a.jpg',
  '/a.jpg',
  'file:///a?b',
  'file:///a#b',
  'file:///a%2Fb',
  'file:///a%2fb',
  'file:///a%00b',
  'file:///a%zz',
  'file:///a%4',
  'file:///a b',
  'file:///a\u00e9',
  '',
])('pathOfFileUrl refuses %j and quotes it', (url) => {
  expect(() => pathOfFileUrl(url)).toThrow(RangeError);
  expect(() => pathOfFileUrl(url)).toThrow(`'${url}'`);
});

it('isWithin compares whole names, not their beginnings', () => {
  expect(isWithin('/data/a', '/data')).toBe(true);
  expect(isWithin('/data', '/data')).toBe(true);
  expect(isWithin('/data-outside/a', '/data')).toBe(false);
  expect(isWithin('/', '/data')).toBe(false);
  expect(isWithin('/etc', '/')).toBe(true);
});

it('joinPath puts one slash between folder and name, and none before a relative path', () => {
  expect([joinPath('/a', 'b'), joinPath('/', 'b'), joinPath('', 'b')]).toEqual(['/a/b', '/b', 'b']);
});
