import { describe, expect, it } from 'vitest';
import {
  condemning,
  deathsText,
  DECODING,
  isCondemned,
  type Death,
} from '../../../../../src/core/platform/child/suspicion.ts';

const death = (changes: Partial<Death> = {}): Death => ({
  at: '2026-11-25T10:00:00.000Z',
  how: 'SIGABRT',
  doing: 'running lite0 on crop 3',
  said: '',
  ...changes,
});
const asked = { item: 'a', work: 'filter one' };

describe('what condemns a photo', () => {
  it('is the second death alone, not the first', () => {
    expect([[], [death()], [death(), death()]].map(isCondemned)).toEqual([false, false, true]);
    expect(condemning([{ ...asked, deaths: [death()] }], asked)).toBeNull();
    expect(condemning([{ ...asked, deaths: [death(), death()] }], asked)).toHaveLength(2);
  });

  it('is deaths by the same models, or by the decoder, which all models need', () => {
    const byOthers = (doing: string | null) => [
      { item: 'a', work: 'filter two', deaths: [death({ doing }), death({ doing: DECODING })] },
    ];
    expect(condemning(byOthers('running resnet50 on crop 0'), asked)).toBeNull();
    expect(condemning(byOthers(null), asked)).toBeNull();
    expect(condemning(byOthers(DECODING), asked)).toHaveLength(2);
    expect(condemning(byOthers(DECODING), { ...asked, item: 'b' })).toBeNull();
  });
});

it('deathsText says how often, how, at what and when, and the last words in one line', () => {
  const first = death({ said: 'first words' });
  const second = death({ how: 'SIGKILL', doing: null, said: 'free():\n  invalid pointer\n' });
  expect(deathsText([first, second])).toBe(
    'alone in a process, it ended that process twice (SIGABRT while running lite0 on crop 3, 2026-11-25T10:00:00.000Z; SIGKILL, 2026-11-25T10:00:00.000Z); it said: free(): invalid pointer',
  );
  expect(deathsText([death({ said: 'x'.repeat(5_000) })]).length).toBeLessThan(500);
  expect(deathsText([death()])).not.toContain('said');
});
