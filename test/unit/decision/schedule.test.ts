import { describe, expect, it } from 'vitest';
import { nextRound, type OpenPhoto } from '../../../src/decision/schedule.ts';

const open = (photo: number, ...missing: [member: number, crop: number][]): OpenPhoto => ({
  photo,
  missing: missing.map(([member, crop]) => ({ member, crop })),
});

describe('nextRound', () => {
  it('takes the most useful crop of every open photo, by member', () => {
    const round = nextRound([open(0, [1, 4], [0, 4]), open(2, [0, 9]), open(5, [1, 0])], 8);
    expect(round).toEqual([
      { member: 0, crops: [{ photo: 2, crop: 9 }] },
      {
        member: 1,
        crops: [
          { photo: 0, crop: 4 },
          { photo: 5, crop: 0 },
        ],
      },
    ]);
  });

  it('makes passes of the size asked for, the last one smaller', () => {
    const photos = Array.from({ length: 7 }, (_, photo) => open(photo, [0, photo]));
    const round = nextRound(photos, 3);
    expect(round.map((pass) => pass.crops.length)).toEqual([3, 3, 1]);
    expect(round.flatMap((pass) => pass.crops)).toEqual(photos.map((_, photo) => ({ photo, crop: photo })));
  });

  it('is over when no photo is open, or none misses anything', () => {
    expect(nextRound([], 4)).toEqual([]);
    expect(nextRound([open(0), open(1)], 4)).toEqual([]);
  });
});
