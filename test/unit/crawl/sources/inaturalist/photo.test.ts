import { describe, expect, it } from 'vitest';
import { inaturalistLicence, photoLicenceFilter } from '../../../../../src/crawl/sources/inaturalist/licence.ts';
import { creatorOf, photoUrl } from '../../../../../src/crawl/sources/inaturalist/photo.ts';

describe('photoUrl', () => {
  it.each([
    [
      'https://static.inaturalist.org/photos/1/square.jpg?1598551272',
      'https://static.inaturalist.org/photos/1/large.jpg',
    ],
    ['https://static.inaturalist.org/photos/1/square.jpeg', 'https://static.inaturalist.org/photos/1/large.jpeg'],
    [
      'https://inaturalist-open-data.s3.amazonaws.com/photos/2/medium.JPG#x',
      'https://inaturalist-open-data.s3.amazonaws.com/photos/2/large.JPG',
    ],
    [
      'http://127.0.0.1:8080/photos/square/3/original.png?x=square.png',
      'http://127.0.0.1:8080/photos/square/3/large.png',
    ],
  ])('replaces the size of %s and nothing else', (given, expected) => {
    expect(photoUrl(given, 'large')).toBe(expected);
  });

  it.each([
    '',
    'square.jpg',
    'https://www.inaturalist.org/assets/copyright-infringement-square.png',
    'https://live.staticflickr.com/65535/1_abc_s.jpg',
    'https://static.inaturalist.org/photos/1/square',
    'file:///photos/1/square.jpg',
    'https://static.inaturalist.org/photos/1/square.jpg/',
  ])("returns null for '%s', which has no known size", (given) => {
    expect(photoUrl(given, 'large')).toBeNull();
  });
});

describe('creatorOf', () => {
  it.each([
    ['(c) Nicolas Noé, some rights reserved (CC BY)', 'Nicolas Noé'],
    ['(c) samroom, all rights reserved', 'samroom'],
    ['(c) Smith, John, Jr., some rights reserved (CC BY-NC)', 'Smith, John, Jr.'],
    ['(c) Joe McKenna, certains droits réservés (CC BY-NC)', 'Joe McKenna'],
    ['© 山田, all rights reserved', '山田'],
    ['Ann Example, no known copyright restrictions (public domain)', 'Ann Example'],
    ['Ann Example, no rights reserved (CC0)', 'Ann Example'],
  ])('finds the creator to credit in: %s', (attribution, creator) => {
    expect(creatorOf(attribution)).toBe(creator);
  });

  it.each(['no rights reserved', '', '   ', ', all rights reserved', '(c) , all rights reserved', null, undefined])(
    'finds no creator in: %s',
    (attribution) => {
      expect(creatorOf(attribution)).toBeNull();
    },
  );
});

describe('inaturalistLicence', () => {
  it.each([
    ['cc0', 'CC0-1.0'],
    ['CC-BY', 'CC-BY-4.0'],
    ['cc-by-nc', 'CC-BY-NC-4.0'],
    ['CC-BY-NC-SA', 'CC-BY-NC-SA-4.0'],
    ['cc-by-nc-nd', 'CC-BY-NC-ND-4.0'],
    ['cc-by-sa', 'CC-BY-SA-4.0'],
    ['CC-BY-ND', 'CC-BY-ND-4.0'],
    ['PD', 'Public-Domain'],
    ['gfdl', 'GFDL'],
    [null, 'all-rights-reserved'],
    ['', 'all-rights-reserved'],
    ['c', 'all-rights-reserved'],
    [undefined, 'unknown'],
    ['something new', 'something new'],
  ])('reads %s as %s', (code, id) => {
    expect(inaturalistLicence(code).id).toBe(id);
  });

  it('returns the address of the licence', () => {
    expect(inaturalistLicence('cc-by-nc').url).toBe('https://creativecommons.org/licenses/by-nc/4.0/');
  });
});

describe('photoLicenceFilter', () => {
  it.each([
    ['any', null],
    [['CC0-1.0', 'cc-by-nc-sa-4.0', 'CC-BY-4.0'], 'cc0,cc-by,cc-by-nc-sa'],
    [['CC0-1.0', 'all-rights-reserved'], null],
    [['CC0-1.0', 'unknown'], null],
    [['CC-BY-4.0', 'Public-Domain'], null],
    [['CC-BY-2.0', 'MIT'], ''],
    [['CC-BY-2.0', 'CC0-1.0'], 'cc0'],
  ] as const)('of %j is %j', (allowed, expected) => {
    expect(photoLicenceFilter(allowed)).toBe(expected);
  });
});
