import { describe, expect, it } from 'vitest';
import { codeOf, GiveUpOnItem, Interrupted, messageOf, StopTheRun, WinnowError } from '../../../src/kernel/errors.ts';

describe('errors of winnow', () => {
  it('carry a code, a cause and the name of their kind', () => {
    const cause = new Error('disk');
    const error = new StopTheRun('Expected room but there is none', { code: 'disk-full', cause });
    expect(error).toBeInstanceOf(WinnowError);
    expect([error.name, error.code, error.cause, error.message]).toEqual([
      'StopTheRun',
      'disk-full',
      cause,
      'Expected room but there is none',
    ]);
  });

  it('have no cause rather than an undefined one', () => {
    expect(Object.hasOwn(new GiveUpOnItem('x', { code: 'y' }), 'cause')).toBe(false);
    expect(new Interrupted()).toMatchObject({ code: 'interrupted', message: 'Interrupted' });
  });
});

describe('messageOf', () => {
  it('makes a sentence of whatever was thrown', () => {
    expect([new RangeError('too far'), 'plain', undefined, 7].map(messageOf)).toEqual([
      'too far',
      'plain',
      'undefined',
      '7',
    ]);
  });
});

describe('codeOf', () => {
  it('is the text of that name, of a system error or of ours', () => {
    expect(codeOf(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe('ENOENT');
    expect(codeOf(new GiveUpOnItem('x', { code: 'unreadable' }))).toBe('unreadable');
  });

  it.each([null, undefined, 'ENOENT', 5, {}, { code: 7 }, new Error('x')])('is undefined for %j', (thrown) => {
    expect(codeOf(thrown)).toBeUndefined();
  });
});
