import { expect, it } from 'vitest';
import { dayOf, dayOfSeconds, uploadDayOf } from '../../../../../src/core/crawl/sources/day.ts';

it.each([
  ['2019-05-01T10:00:00-07:00', '2019-05-01'],
  ['2019-05-01T23:30:00-07:00', '2019-05-01'],
  ['2020:02:29 12:00:00', '2020-02-29'],
  [' 2012-06-09', '2012-06-09'],
  ['2021-02-30', null],
  ['0000-00-00 00:00:00', null],
  ['0000-01-01', null],
  ['    :  :     :  :  ', null],
  ['9999-12-31', null],
  ['June 2012', null],
  ['2012-06-091', null],
  ['', null],
  [undefined, null],
])('the day of %j is %s', (text, day) => {
  expect(dayOf(text)).toBe(day);
});

it.each([
  [1_400_000_000, '2014-05-13'],
  [0, null],
  [1e15, null],
])('the day of %d seconds is %s', (seconds, day) => {
  expect(dayOfSeconds(seconds)).toBe(day);
});

it.each([
  ['2019-05-01T23:30:00-07:00', '2019-05-02'],
  ['2019-05-01T01:30:00+02:00', '2019-04-30'],
  ['2019-05-01T99:30:00+02:00', '2019-05-01'],
  ['2021-02-30T10:00:00+02:00', null],
  ['2016-07-02T10:00:00Z', '2016-07-02'],
  ['2016-07-02', '2016-07-02'],
])('the day of the upload at %j is %s in UTC', (text, day) => {
  expect(uploadDayOf(text)).toBe(day);
});
