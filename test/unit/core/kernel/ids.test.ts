import { describe, expect, it } from 'vitest';
import { isSha256, toSha256 } from '../../../../src/core/kernel/ids.ts';

describe('toSha256', () => {
  it('takes 64 lower-case hex digits', () => {
    expect(toSha256('0123456789abcdef'.repeat(4))).toBe('0123456789abcdef'.repeat(4));
  });

  it.each(['', 'a'.repeat(63), 'a'.repeat(65), 'A'.repeat(64), `${'a'.repeat(63)}g`, `${'a'.repeat(64)}\n`])(
    'refuses %j and quotes it',
    (text) => {
      expect(isSha256(text)).toBe(false);
      expect(() => toSha256(text)).toThrow(`received '${text}'`);
    },
  );
});
