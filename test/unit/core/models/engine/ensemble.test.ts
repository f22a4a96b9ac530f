import { describe, expect, it } from 'vitest';
import { requireDifferent } from '../../../../../src/core/models/engine/ensemble.process.ts';
import { toSha256 } from '../../../../../src/core/kernel/ids.ts';

const identity = (modelName: string, digit: string, preprocessing = 'v1 224/256') => ({
  modelName,
  modelSha256: toSha256(digit.repeat(64)),
  preprocessing,
});

describe('requireDifferent', () => {
  it('accepts different files, and one file with two kinds of preprocessing', () => {
    const three = [identity('a', '1'), identity('b', '2'), identity('c', '1', 'v1 240/274')];
    expect(() => requireDifferent(three, 'birds')).not.toThrow();
  });

  it('refuses one file under two names, and names both', () => {
    expect(() => requireDifferent([identity('a', '1'), identity('b', '2'), identity('c', '1')], 'birds')).toThrow(
      expect.objectContaining({
        code: 'same-member',
        message: expect.stringMatching(/collection 'birds' but 'a' and 'c' have the same file/),
      }),
    );
  });
});
