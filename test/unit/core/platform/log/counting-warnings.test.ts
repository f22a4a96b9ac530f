import { describe, expect, it } from 'vitest';
import { countingWarnings } from '../../../../../src/core/platform/log/counting-warnings.ts';
import { openLineLogger } from '../../../../../src/core/platform/log/logger.ts';

function lines() {
  const written: string[] = [];
  return { written, log: openLineLogger('info', { write: (line) => written.push(line.trim()) }) };
}

describe('warnings about many photos', () => {
  it('are one line with their count and the first photo, when the work ends', async () => {
    const { written, log } = lines();
    const result = await countingWarnings(log, async (counting) => {
      for (let i = 0; i < 48_131; i += 1) counting.warn({ sha256: `photo ${i}` }, 'the bytes of a photo are lost');
      counting.warn({ model: 'one' }, 'a photo has no features');
      counting.warn({ model: 'other' }, 'a photo has no features');
      counting.info('other lines are written at once');
      expect(written).toEqual(['winnow: other lines are written at once']);
      return 'done';
    });
    expect([result, ...written.slice(1)]).toEqual([
      'done',
      'winnow: warning: the bytes of a photo are lost (count 48131, sha256 photo 0)',
      'winnow: warning: a photo has no features (model one)',
      'winnow: warning: a photo has no features (model other)',
    ]);
  });

  it('are also written when the work fails', async () => {
    const { written, log } = lines();
    const work = countingWarnings(log, async (counting) => {
      counting.warn({ sha256: 'photo' }, 'the bytes of a photo are lost');
      throw new Error('disk full');
    });
    await expect(work).rejects.toThrow('disk full');
    expect(written).toEqual(['winnow: warning: the bytes of a photo are lost (sha256 photo)']);
  });
});
