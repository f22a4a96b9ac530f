import { describe, expect, it } from 'vitest';
import { usageDirectives } from '../../../../../src/core/crawl/sources/x-robots-tag.ts';

const NOW_MS = Date.parse('2026-03-01T00:00:00Z');
const read = (...values: string[]): string | null =>
  values.flatMap((value) => usageDirectives(value, { agent: 'winnow', nowMs: NOW_MS }))[0] ?? null;

describe('usageDirectives', () => {
  it.each([
    [[], null],
    [[''], null],
    [[', ,:,'], null],
    [['all'], null],
    [['nofollow, noarchive'], null],
    [['noai'], 'noai'],
    [['noimageai'], 'noimageai'],
    [['noindex'], 'noindex'],
    [['noimageindex'], 'noimageindex'],
    [['none'], 'none'],
    [['  NoFollow ,NOAI  '], 'noai'],
    [['nofollow', 'noimageai'], 'noimageai'],
    [['noaircraft, no-ai, noindexing'], null],
  ])('reads %j as %j', (values, expected) => {
    expect(read(...values)).toBe(expected);
  });

  it.each([
    [['winnow: noai'], 'noai'],
    [['Winnow:noai'], 'noai'],
    [['winnow : noai'], 'noai'],
    [['winnow/1.0: noai'], 'noai'],
    [['*: noai'], 'noai'],
    [['winnow:, noai'], 'noai'],
    [['winnow: nofollow, noai'], 'noai'],
    [['googlebot: noindex'], null],
    [['googlebot: noindex, noai'], null],
    [['winnower: noai'], null],
    [['googlebot: nofollow, winnow: noindex'], 'noindex'],
    [['winnow: nofollow, googlebot: noindex'], null],
    [['googlebot: noindex, *: noai'], 'noai'],
    [['noindex, googlebot: nofollow'], 'noindex'],
    // Agents of one header line do not apply to the next.
    [['googlebot: nofollow', 'noai'], 'noai'],
    [['otherbot: noai', 'winnow: nofollow'], null],
  ])('does not carry agents over to the next line in %j: %j', (values, expected) => {
    expect(read(...values)).toBe(expected);
  });

  it.each([
    // A directive's value is neither an agent nor a directive.
    [['max-image-preview: none'], null],
    [['max-image-preview: none, noai'], 'noai'],
    [['max-snippet:-1, max-image-preview:large, max-video-preview:-1'], null],
    [['max-snippet:-1, noindex'], 'noindex'],
    [['googlebot: max-snippet: 20, noindex'], null],
    [['winnow: max-snippet: 20, noindex'], 'noindex'],
    [['tdm-reservation: 1, noai'], 'noai'],
  ])('distinguishes values from agents in %j: %j', (values, expected) => {
    expect(read(...values)).toBe(expected);
  });

  it.each([
    ['unavailable_after: 25 Jun 2010 15:00:00 PST', true],
    ['unavailable_after: 25 Jun 2099 15:00:00 PST', false],
    ['unavailable_after: Wed, 03 Mar 2010 12:00:00 GMT', true],
    ['unavailable_after: Wed, 03 Mar 2099 12:00:00 GMT', false],
    ['unavailable_after: Wednesday, 03-Mar-10 12:00:00 GMT', true],
    ['unavailable_after: 2010-03-03T12:00:00+01:00', true],
    ['unavailable_after: 2099-03-03T12:00:00Z', false],
    ['unavailable_after: 2010-03-03', true],
    ['unavailable_after: Mar 3, 2099 12:00:00', false],
    ['unavailable_after: Mar 3, 2010 12:00:00', true],
    ['UNAVAILABLE_AFTER:2010-03-03', true],
    ['winnow: unavailable_after: Wed, 03 Mar 2010 12:00:00 GMT', true],
    ['googlebot: unavailable_after: Wed, 03 Mar 2010 12:00:00 GMT', false],
    ['unavailable_after: some day', false],
    ['unavailable_after:', false],
    ['unavailable_after', false],
  ])('reads %j as past: %s', (value, isOver) => {
    expect(read(value)).toBe(isOver ? 'unavailable_after' : null);
  });

  it.each([
    ['unavailable_after: Wed, 03 Mar 2099 12:00:00 GMT, noai', 'noai'],
    ['unavailable_after: 25 Jun 2099 15:00:00 PST, noai', 'noai'],
    ['noarchive, unavailable_after: Wed, 03 Mar 2099 12:00:00 GMT, googlebot: noindex', null],
    ['googlebot: unavailable_after: Wed, 03 Mar 2010 12:00:00 GMT, noindex', null],
  ])('continues after a date in %j: %j', (value, expected) => {
    expect(read(value)).toBe(expected);
  });

  it('reads a header of a megabyte quickly', () => {
    expect(read(`${'a:b:,'.repeat(200_000)}noai`)).toBe('noai');
  });
});
