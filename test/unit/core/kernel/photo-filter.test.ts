import { expect, test } from 'vitest';
import { EVERY_PHOTO, dayRangeOf, parsePhotoFilter, photosPath } from '../../../../src/core/kernel/photo-filter.ts';

const parsed = (query: string) => parsePhotoFilter(new URLSearchParams(query));

test('the address of a gallery holds its whole filter', () => {
  const filter = {
    ...EVERY_PHOTO,
    state: ['left-out', 'rejected'],
    reason: ['near-duplicate'],
    class: ['a & b'],
    disagree: true,
    text: '50 %',
    date: '2026-11-01..2026-11-30',
    sort: '-p',
    size: 'large',
    photo: '12',
  } as const;
  const path = photosPath('my birds', filter);
  expect(path).toMatch(/^\/c\/my%20birds\/photos\?state=left-out&state=rejected&/);
  expect(parsed(path.split('?')[1] ?? '')).toEqual({ filter, problem: null });
  expect(photosPath('birds')).toBe('/c/birds/photos');
});

test.each([
  ['state=keept', /state=keept.*kept/],
  ['reason=ugly', /reason=ugly/],
  ['split=train', /split=train.*test, control/],
  ['sort=size', /sort=size/],
  ['like=12', /like=12.*SHA-256/],
  ['date=2026-02-31', /date=2026-02-31.*2026-11-30/],
  ['date=0000-01-01', /date=0000-01-01/],
  ['date=2026-11-30..2026-11-01', /date=2026-11-30..2026-11-01/],
  ['stat=kept', /stat=kept.*state, reason/],
])('an unknown part of the address is quoted: %s', (query, message) => {
  expect(parsed(query).problem).toMatch(message);
});

test('one day is a range of one day', () => {
  expect(dayRangeOf('2026-11-30')).toEqual(['2026-11-30', '2026-11-30']);
  expect(dayRangeOf('yesterday')).toBeNull();
});
