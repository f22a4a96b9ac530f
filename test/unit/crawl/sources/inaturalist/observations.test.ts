import { describe, expect, it } from 'vitest';
import { readObservations } from '../../../../../src/crawl/sources/inaturalist/observations.ts';

const context = { wnid: 'n02268443', size: 'large', idAbove: 40 } as const;
const photo = {
  id: 7,
  license_code: 'cc-by',
  url: 'https://static.inaturalist.org/photos/7/square.jpg',
  attribution: '',
};

function problemsOf(observation: object): unknown[] {
  return readObservations([{ id: 41, photos: [photo], ...observation }], context).photos.map(({ problem }) => problem);
}

describe('readObservations', () => {
  it('makes a candidate of each photo, with the page of its observation and the class', () => {
    const { photos, ids } = readObservations([{ id: 41, photos: [photo, { ...photo, id: 8 }] }, { id: 43 }], context);
    expect(ids).toEqual([41, 43]);
    expect(photos.map(({ sourceId, label, pageUrl, source }) => [source, sourceId, label, pageUrl])).toEqual([
      ['inaturalist', '7', 'n02268443', 'https://www.inaturalist.org/observations/41'],
      ['inaturalist', '8', 'n02268443', 'https://www.inaturalist.org/observations/41'],
    ]);
  });

  it('needs only the id and address of a photo', () => {
    const { photos } = readObservations([{ id: 41, photos: [{ id: 7, url: photo.url }] }], context);
    expect(photos).toMatchObject([{ licence: 'unknown', licenceUrl: null, creator: null, problem: null }]);
  });

  it('treats keys with an unexpected type as missing', () => {
    const odd = { ...photo, attribution: 5, license_code: {}, flags: 'none', hidden: 'no' };
    const { photos } = readObservations([{ id: 41, user: 'me', spam: 0, flags: {}, photos: [odd] }], context);
    expect(photos).toMatchObject([{ licence: 'unknown', creator: null, problem: null }]);
  });

  it.each([
    [{ attribution: '(c) Ann, all rights reserved' }, 'Ann'],
    [{ attribution: 'no rights reserved' }, 'Ada Example'],
    [{ attribution_name: 'Own Name', attribution: '(c) Ann, all rights reserved' }, 'Own Name'],
  ])('credits the attribution, otherwise the observer: %j', (rights, creator) => {
    const user = { login: 'ada', name: 'Ada Example' };
    const { photos } = readObservations([{ id: 41, user, photos: [{ ...photo, ...rights }] }], context);
    expect(photos[0]?.creator).toBe(creator);
  });

  it('credits the login of an observer without a name', () => {
    const { photos } = readObservations([{ id: 41, user: { login: 'ada', name: ' ' }, photos: [photo] }], context);
    expect(photos[0]?.creator).toBe('ada');
  });

  it.each([
    [{ spam: true }, 'spam'],
    [{ flags: [{ flag: 'spam', resolved: false }] }, 'flagged at iNaturalist: spam'],
    [{ photos: [{ ...photo, hidden: true }] }, 'hidden by a moderator'],
    [
      { photos: [{ ...photo, flags: [{ flag: 'copyright infringement', resolved: false }] }] },
      'copyright infringement',
    ],
    [{ photos: [{ ...photo, flags: ['?'] }] }, 'without a reason'],
    [{ photos: [{ ...photo, url: '/assets/copyright-infringement-square.png' }] }, 'withdrawn'],
  ])('drops photos that the site hides or that users have flagged: %j', (observation, detail) => {
    expect(problemsOf(observation)).toMatchObject([
      { state: 'dropped', reason: 'taken-down', detail: expect.stringContaining(detail) },
    ]);
  });

  it.each([
    [{ photos: [{ ...photo, flags: [{ flag: 'artificially generated content', resolved: false }] }] }],
    [{ photos: [{ ...photo, hidden: true, url: '/assets/artificially-generated-content-square.png' }] }],
    [{ flags: [{ flag: 'spam' }, { flag: 'Artificially Generated Content', resolved: false }] }],
  ])('drops photos that are flagged as artificially generated: %j', (observation) => {
    expect(problemsOf(observation)).toMatchObject([{ state: 'dropped', reason: 'ai-generated' }]);
  });

  it('accepts a photo whose flags are resolved', () => {
    const flags = ['copyright infringement', 'artificially generated content'].map((flag) => ({
      flag,
      resolved: true,
    }));
    expect(problemsOf({ flags, photos: [{ ...photo, flags }] })).toEqual([null]);
  });

  it.each([
    [{ photos: [{ id: 7 }] }, "received ''"],
    [{ photos: [{ id: 7, url: 'https://example.org/picture' }] }, 'https://example.org/picture'],
    [{ photos: [{ url: photo.url }] }, 'no photo'],
    [{ photos: ['?'] }, 'no photo'],
    [{ photos: 5 }, 'no observation'],
    [{ id: '41' }, 'no observation'],
  ])('fails photos that are not usable: %j', (observation, detail) => {
    expect(problemsOf(observation)).toMatchObject([
      { state: 'failed', reason: 'unreadable', detail: expect.stringContaining(detail) },
    ]);
  });

  it('continues after an invalid result, which gets a stable id', () => {
    const { photos, ids } = readObservations([null, { id: 41, photos: [photo] }, 'x'], context);
    expect(ids).toEqual([41]);
    expect(photos.map(({ sourceId }) => sourceId)).toEqual(['result-0-above-40', '7', 'result-2-above-40']);
  });

  it('returns texts that PostgreSQL can store', () => {
    const broken = { ...photo, attribution: '(c) A\0\ud800B, all rights reserved', license_code: 'odd\0' };
    const { photos } = readObservations([{ id: 41, photos: [broken] }], context);
    expect(photos).toMatchObject([{ creator: 'A\u{FFFD}\u{FFFD}B', licence: 'odd\u{FFFD}' }]);
  });
});
