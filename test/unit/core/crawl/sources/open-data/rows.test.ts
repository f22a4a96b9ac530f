import { describe, expect, it } from 'vitest';
import {
  openDataPhoto,
  readObservation,
  readObserver,
  readPhoto,
  readTaxon,
} from '../../../../../../src/core/crawl/sources/open-data/rows.ts';
import { TaxonSelection } from '../../../../../../src/core/crawl/sources/inaturalist/taxon.ts';
import { UuidScreen } from '../../../../../../src/core/crawl/sources/open-data/uuid-screen.ts';
import { uuidOf } from '../../../../../support/sites/inaturalist-world.ts';

const uuid = 'f717b9dc-659e-4b10-a9ca-4d78ee447d71';

describe('the rows of the dump', () => {
  it('of taxa have their ancestors in both notations', () => {
    const slashes = readTaxon(['5', '48460/1/2', 'genus', 'Lynx', 'true']);
    expect(slashes).toMatchObject({ id: 5, ancestorIds: [48460, 1, 2], rank: 'genus', isActive: true });
    expect(readTaxon(['5', String.raw`48460\1\2`, 'genus', 'Lynx', 'f'])).toMatchObject({
      ancestorIds: [48460, 1, 2],
      isActive: false,
    });
    expect(readTaxon(['48460', '', 'stateofmatter', 'Life', 't'])?.ancestorIds).toEqual([]);
    expect(readTaxon(['48460', String.raw`\N`, 'stateofmatter', 'Life', 't'])?.ancestorIds).toEqual([]);
  });

  it.each([
    ['', '1', 'genus', 'Lynx', 'true'],
    ['5', '1//2', 'genus', 'Lynx', 'true'],
    ['5', '1,2', 'genus', 'Lynx', 'true'],
    ['5', '1', 'genus', '', 'true'],
  ])('of taxa are refused: %s|%s|%s|%s|%s', (...cells) => {
    expect(readTaxon(cells)).toBeNull();
  });

  it('of observations may lack a taxon and an observer', () => {
    expect(readObservation([uuid.toUpperCase(), '7', '5', 'research', '2017-09-08'])).toEqual({
      uuid,
      observerId: 7,
      taxonId: 5,
      qualityGrade: 'research',
      observedOn: '2017-09-08',
    });
    expect(readObservation([uuid, '', String.raw`\N`, 'casual'])).toMatchObject({ observerId: null, taxonId: null });
  });

  it.each([
    ['not-a-uuid', '7', '5', 'research'],
    [uuid, 'x', '5', 'research'],
    [uuid, '7', '5.5', 'research'],
    [`${uuid},null`, '7', '5', 'research'],
  ])('of observations are refused: %s|%s|%s|%s', (...cells) => {
    expect(readObservation(cells)).toBeNull();
  });

  it('of observers return the name, otherwise the login', () => {
    expect(readObserver(['7', 'tiwane', 'Tony Iwane'])).toEqual({ id: 7, credit: 'Tony Iwane' });
    expect(readObserver(['7', 'tiwane', ' '])).toEqual({ id: 7, credit: 'tiwane' });
    expect(readObserver(['7', '', ''])).toBeNull();
    expect(readObserver(['', 'a', 'b'])).toBeNull();
  });

  it.each([
    ['0', uuid, '7', 'jpg', 'CC0'],
    ['1', uuid, '7', '../x', 'CC0'],
    ['1', uuid, '7', '', 'CC0'],
    ['1', '', '7', 'jpg', 'CC0'],
    ['99999999999999999999', uuid, '7', 'jpg', 'CC0'],
  ])('of photos are refused: %s|%s|%s|%s|%s', (...cells) => {
    expect(readPhoto(cells)).toBeNull();
  });
});

describe('openDataPhoto', () => {
  const context = {
    wnid: 'n1',
    size: 'medium',
    mediaUrl: 'https://bucket.test',
    credit: 'Tony, Iwane\0',
    takenAt: '2017-09-08',
  } as const;
  const row = { id: 9, observationUuid: uuid, observerId: 7, extension: 'JPG', licence: 'CC-BY-NC' };

  it('has the address in the bucket and its own licence', () => {
    expect(openDataPhoto(row, context)).toEqual({
      source: 'inaturalist-open-data',
      sourceId: '9',
      label: 'n1',
      url: 'https://bucket.test/photos/9/medium.JPG',
      licence: 'CC-BY-NC-4.0',
      licenceUrl: 'https://creativecommons.org/licenses/by-nc/4.0/',
      creator: 'Tony, Iwane\u{FFFD}',
      pageUrl: `https://www.inaturalist.org/observations/${uuid}`,
      takenAt: '2017-09-08',
      problem: null,
    });
  });

  it('always credits a known observer', () => {
    expect(openDataPhoto(row, { ...context, credit: null }).creator).toBe('iNaturalist user 7');
    expect(openDataPhoto({ ...row, observerId: null }, { ...context, credit: null }).creator).toBeNull();
  });
});

const selection = new TaxonSelection([
  { classNumber: 0, taxonId: 10, excludedIds: new Set([12]) },
  { classNumber: 1, taxonId: 1, excludedIds: new Set() },
  { classNumber: 2, taxonId: 12, excludedIds: new Set() },
  { classNumber: 2, taxonId: 10, excludedIds: new Set([11, 12]) },
]);

it.each([
  [10, [1], [0, 1, 2]],
  [11, [1, 10], [0, 1]],
  [12, [1, 10], [1, 2]],
  [99, [1, 10, 12], [1, 2]],
  [98, [1, 10, 13, 97], [0, 1, 2]],
  [110, [2, 100], null],
  [1, [], [1]],
])('TaxonSelection of taxon %d below %j names the classes %j', (id, ancestorIds, expected) => {
  expect(selection.classesOf(id, ancestorIds)).toEqual(expected);
});

it('UuidScreen lets every added UUID pass, and almost no other', () => {
  const screen = new UuidScreen();
  for (let i = 0; i < 50_000; i++) screen.add(uuidOf(i));
  expect(screen.added).toBe(50_000);
  expect(Array.from({ length: 50_000 }, (_, i) => screen.mayHave(uuidOf(i))).every(Boolean)).toBe(true);
  const passed = Array.from({ length: 50_000 }, (_, i) => screen.mayHave(uuidOf(1_000_000 + i))).filter(Boolean);
  expect(passed.length).toBeLessThan(50);
});
