import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseSetArgument, valueFromText } from '../../../../src/core/config/setting-text.ts';

describe('valueFromText', () => {
  it.each([
    ['8', 8],
    [' 8 ', 8],
    ['-1.5', -1.5],
    ['1e3', 1000],
    ['.5', 0.5],
    ['0x10', '0x10'],
    ['8 GB', '8 GB'],
    ['', ''],
    ['NaN', 'NaN'],
    ['9007199254740993', '9007199254740993'],
    ['1e999', '1e999'],
    ['Infinity', 'Infinity'],
    ['null', 'null'],
  ])('reads %j as the number %j, or leaves it for the schema to refuse', (text, value) => {
    expect(valueFromText(z.int(), text)).toBe(value);
  });

  it.each([
    ['true', true],
    ['false', false],
    ['yes', 'yes'],
    ['', ''],
  ])('reads %j as the boolean %j, or leaves it', (text, value) => {
    expect(valueFromText(z.boolean(), text)).toBe(value);
  });

  it.each([
    ['{a: {b: c}, "d e": f}', { a: { b: 'c' }, 'd e': 'f' }],
    ['{}', {}],
    ['{a: 1', '{a: 1'],
    ['x', 'x'],
  ])('reads %j as the mapping %j, or leaves it', (text, value) => {
    expect(valueFromText(z.record(z.string(), z.unknown()), text)).toEqual(value);
  });

  it('reads null only if the setting may be null', () => {
    expect(valueFromText(z.int().nullable(), 'null')).toBeNull();
    expect(valueFromText(z.int().nullable(), '3')).toBe(3);
    expect(valueFromText(z.string(), 'null')).toBe('null');
  });

  it.each([
    ['a,b', ['a', 'b']],
    ['a, b ', ['a', 'b']],
    ['[a, "b, c"]', ['a', 'b, c']],
    ['[1, null]', ['1', 'null']],
    ['', []],
    ['[]', []],
    ['[a', '[a'],
    ['[*x]', '[*x]'],
    ['[!!js/function x]', '[!!js/function x]'],
  ])('reads %j as the list %j', (text, value) => {
    expect(valueFromText(z.array(z.string()), text)).toEqual(value);
  });
});

describe('parseSetArgument', () => {
  it('splits at the first equals sign only', () => {
    expect(parseSetArgument('postgres.url=postgres://h/d?a=b')).toEqual(['postgres.url', 'postgres://h/d?a=b']);
  });

  it.each(['a.b', '=1', ''])('refuses %j and shows an example', (argument) => {
    expect(() => parseSetArgument(argument)).toThrow(/Expected name=value for --set, as in --set filter\.threads=2/);
  });
});
