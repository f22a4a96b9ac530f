import { describe, expect, it } from 'vitest';
import { hideSecret, quote, shownValue } from '../../../../src/core/tools/quote.ts';

describe('quote', () => {
  it.each([
    ['a text', "'a text'"],
    ['say "no"', `'say "no"'`],
    ['line\nbreak\u001b[31m', String.raw`'line\nbreak\u001b[31m'`],
    [1.5, '1.5'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [null, 'null'],
    [undefined, 'nothing'],
    [[1, 'a'], '[1,"a"]'],
  ])('writes %j as %s', (value, expected) => {
    expect(quote(value)).toBe(expected);
  });

  it('shortens a long value and says how long it was', () => {
    const text = quote('x'.repeat(5000));
    expect(text.length).toBeLessThan(200);
    expect(text).toContain('5002 characters');
  });
});

describe('hideSecret', () => {
  it.each([
    ['postgres://user:hunter2@host:5432/db', 'postgres://user:***@host:5432/db'],
    ['postgres://user@host/db', 'postgres://user@host/db'],
    ['postgres://host/db?user=u&password=hunter2&x=1', 'postgres://host/db?user=u&password=***&x=1'],
    ['postgres://user:hun@ter/2#?@host/db', 'postgres://user:***@host/db'],
    ['postgres:user:hunter2@host/db', '***@host/db'],
    ['user:hunter2@host/db', '***@host/db'],
    ['host=h password=hunter2 user=u', 'host=h password=*** user=u'],
    ['postgres://h/db', 'postgres://h/db'],
  ])('hides the password in %s', (url, shown) => {
    expect(hideSecret(url, 'url-passwords')).toBe(shown);
  });

  it('shows nothing of a value that is secret as a whole', () => {
    expect(hideSecret('abc', 'whole')).toBe('***');
  });
});

it('shownValue shows names and roles of people, and nothing else of them', () => {
  const people = {
    Zoë: { role: 'reviewer', token: 'hunter2' },
    bob: { role: 'viewer', token: 'hunter3', more: ['x'] },
  };
  expect(shownValue(people, 'all-but-roles')).toEqual({
    Zoë: { role: 'reviewer', token: '***' },
    bob: { role: 'viewer', token: '***', more: ['***'] },
  });
});
