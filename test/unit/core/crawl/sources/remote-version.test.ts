import { describe, expect, it } from 'vitest';
import {
  conditionsOf,
  isOtherVersion,
  isSameVersion,
  NO_VERSION,
  rangeCondition,
  versionOf,
  type RemoteVersion,
} from '../../../../../src/core/crawl/sources/remote-version.ts';

const MONDAY = 'Mon, 02 Mar 2026 00:00:00 GMT';
const version = (changes: Partial<RemoteVersion>): RemoteVersion => ({ ...NO_VERSION, ...changes });

describe('the version of a file', () => {
  it('is read from the headers of an answer, without validators that are too long', () => {
    expect(versionOf({ etag: ' "a" ', 'last-modified': MONDAY })).toEqual(
      version({ etag: '"a"', lastModified: MONDAY }),
    );
    expect(versionOf({ etag: `"${'x'.repeat(2_000)}"`, 'last-modified': '' })).toEqual(NO_VERSION);
  });

  it('makes a conditional request', () => {
    expect(conditionsOf(version({ etag: 'W/"a"', lastModified: MONDAY }))).toEqual({
      'if-none-match': 'W/"a"',
      'if-modified-since': MONDAY,
    });
    expect(conditionsOf(NO_VERSION)).toEqual({});
  });

  it.each<[string, boolean, ...pair: [Partial<RemoteVersion>, Partial<RemoteVersion>]]>([
    ['the same tag', true, { etag: '"a"' }, { etag: '"a"', lastModified: MONDAY }],
    ['the same tag, weak', true, { etag: 'W/"a"' }, { etag: '"a"' }],
    [
      'another tag at the same time',
      false,
      { etag: '"a"', lastModified: MONDAY },
      { etag: '"b"', lastModified: MONDAY },
    ],
    ['the same tag for another size', false, { etag: '"a"', bytes: 1 }, { etag: '"a"', bytes: 2 }],
    ['the same time and size', true, { lastModified: MONDAY, bytes: 1 }, { lastModified: MONDAY, bytes: 1 }],
    ['the same time of unknown size', false, { lastModified: MONDAY }, { lastModified: MONDAY }],
    ['the same size alone', false, { bytes: 1 }, { bytes: 1 }],
    ['nothing', false, {}, {}],
  ])('is the same by %s: %s', (_, same, ...[a, b]) => {
    expect([isSameVersion(version(a), version(b)), isSameVersion(version(b), version(a))]).toEqual([same, same]);
  });

  it.each<[string, boolean, ...pair: [Partial<RemoteVersion>, Partial<RemoteVersion>]]>([
    ['another tag', true, { etag: '"a"', lastModified: MONDAY }, { etag: '"b"', lastModified: MONDAY }],
    ['the same tag, weak, at another time', false, { etag: 'W/"a"', lastModified: MONDAY }, { etag: '"a"' }],
    ['another time', true, { lastModified: MONDAY }, { lastModified: 'Tue, 03 Mar 2026 00:00:00 GMT' }],
    ['another size', true, { bytes: 1 }, { bytes: 2 }],
    ['nothing', false, { etag: '"a"' }, { lastModified: MONDAY, bytes: 1 }],
  ])('is another one by %s: %s', (_, other, ...[a, b]) => {
    expect([isOtherVersion(version(a), version(b)), isOtherVersion(version(b), version(a))]).toEqual([other, other]);
  });

  it('is sent in If-Range, if its tag is strong or it has a time', () => {
    expect(rangeCondition(version({ etag: '"a"', lastModified: MONDAY }))).toBe('"a"');
    expect(rangeCondition(version({ etag: 'W/"a"', lastModified: MONDAY }))).toBe(MONDAY);
    expect(rangeCondition(version({ etag: 'W/"a"' }))).toBeNull();
  });
});
