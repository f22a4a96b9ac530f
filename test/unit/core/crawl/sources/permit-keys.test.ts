import { describe, expect, it } from 'vitest';
import type { SourceLimits } from '../../../../../src/core/config/sources/source.ts';
import {
  apiPermits,
  mediaPermits,
  permitOfKey,
  type PolitenessSettings,
} from '../../../../../src/core/crawl/sources/permit-keys.ts';

const source = (limits: Partial<SourceLimits>): SourceLimits => ({
  requestsPerMinute: null,
  requestsPerDay: null,
  mediaHosts: [],
  mediaRequestsPerMinute: null,
  mediaBytesPerHour: null,
  mediaBytesPerDay: null,
  connections: null,
  mediaConnections: null,
  pauseAfterSlowMs: null,
  pauseAfterErrorMs: null,
  ...limits,
});

const settings: PolitenessSettings = {
  requestsPerMinutePerHost: 60,
  sources: {
    inaturalist: source({
      requestsPerMinute: 55,
      requestsPerDay: 10_000,
      mediaHosts: ['static.inaturalist.org'],
      mediaBytesPerHour: 5e9,
      mediaBytesPerDay: 24e9,
    }),
    'inaturalist-open-data': source({
      mediaHosts: ['inaturalist-open-data.s3.amazonaws.com'],
      mediaRequestsPerMinute: 1200,
    }),
    flickr: source({ requestsPerMinute: 55, mediaHosts: ['staticflickr.com'], mediaRequestsPerMinute: 20 }),
    duckduckgo: source({ requestsPerMinute: 20 }),
  },
};

const permitsOf = (name: string, url: string, crawlDelayMs = 0): unknown[] =>
  mediaPermits({ source: name, url, crawlDelayMs }, settings).map(({ key, limits, minSpacingMs }) => [
    key,
    limits.requestsPerMinute,
    limits.bytesPerHour,
    minSpacingMs,
  ]);

it("apiPermits returns the source's own limits of requests a minute and a day", () => {
  const limits = { requestsPerMinute: 55, requestsPerDay: 10_000, bytesPerHour: null, bytesPerDay: null };
  expect(apiPermits('inaturalist', settings)).toMatchObject([{ key: 'source:inaturalist', limits, minSpacingMs: 0 }]);
});

describe('mediaPermits', () => {
  it.each([
    ['inaturalist', 'https://static.inaturalist.org/photos/1/large.jpg', 'static.inaturalist.org'],
    ['duckduckgo', 'https://static.inaturalist.org/photos/1/large.jpg', 'static.inaturalist.org'],
    ['urls', 'HTTPS://STATIC.iNaturalist.org.:443/photos/1/large.jpg', 'static.inaturalist.org'],
    ['inaturalist', 'https://photos.example.net/1.jpg', 'photos.example.net'],
  ])("charges a picture that %s names at %s to iNaturalist's budget of bytes", (name, url, host) => {
    expect(permitsOf(name, url)).toEqual([
      [`host:${host}`, 60, null, 0],
      ['media:inaturalist', null, 5e9, 0],
    ]);
  });

  it.each(['inaturalist', 'inaturalist-open-data', 'duckduckgo'])(
    "leaves the open-data bucket off iNaturalist's budget, whichever source (%s) names its picture",
    (name) => {
      const url = 'https://inaturalist-open-data.s3.amazonaws.com/photos/1/large.jpg';
      expect(permitsOf(name, url)).toEqual([['host:inaturalist-open-data.s3.amazonaws.com', 1200, null, 0]]);
    },
  );

  it("gives each of a source's picture hosts its own count at the source's rate", () => {
    expect(permitsOf('flickr', 'https://live.staticflickr.com/1/2_3_b.jpg')).toEqual([
      ['host:live.staticflickr.com', 20, null, 0],
    ]);
    expect(permitsOf('duckduckgo', 'https://farm1.staticflickr.com/2_3_b.jpg')).toEqual([
      ['host:farm1.staticflickr.com', 20, null, 0],
    ]);
    expect(permitsOf('duckduckgo', 'https://notstaticflickr.com/x.jpg')).toEqual([
      ['host:notstaticflickr.com', 60, null, 0],
    ]);
  });

  it('counts by host and port, not by scheme, and passes Crawl-delay on', () => {
    expect(permitsOf('urls', 'http://a.example:80/x.jpg', 5000)).toEqual([['host:a.example', 60, null, 5000]]);
    expect(permitsOf('urls', 'http://a.example.:8080/x.jpg')).toEqual([['host:a.example:8080', 60, null, 0]]);
    expect(permitsOf('urls', 'http://[::1]:8080/x.jpg')).toEqual([['host:[::1]:8080', 60, null, 0]]);
    expect(permitsOf('urls', 'https://Bücher.example/x.jpg')).toEqual([['host:xn--bcher-kva.example', 60, null, 0]]);
  });

  it('charges the source that named the picture if two sources share a host', () => {
    const shared = { mediaHosts: ['127.0.0.1:9000'], mediaBytesPerHour: 10 };
    const both = { ...settings, sources: { a: source(shared), b: source(shared) } };
    const url = 'http://127.0.0.1:9000/x.jpg';
    expect(mediaPermits({ source: 'b', url, crawlDelayMs: 0 }, both).map(({ key }) => key)).toEqual([
      'host:127.0.0.1:9000',
      'media:b',
    ]);
  });
});

describe('the limits of a used key', () => {
  it.each([
    ['source:inaturalist', { requestsPerMinute: 55, requestsPerDay: 10_000, bytesPerHour: null }],
    ['media:inaturalist', { requestsPerMinute: null, bytesPerHour: 5e9, bytesPerDay: 24e9 }],
    ['host:live.staticflickr.com', { requestsPerMinute: 20, bytesPerHour: null }],
    ['host:example.org:8080', { requestsPerMinute: 60, requestsPerDay: null }],
  ])('are those of %s', (key, limits) => {
    expect(permitOfKey(key, settings)).toMatchObject({ key, limits });
  });

  it.each(['test:1', 'media:flickr', 'host:not a host', ''])('do not exist for %j', (key) => {
    expect(permitOfKey(key, settings)).toBeNull();
  });
});
