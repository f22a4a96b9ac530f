import { describe, expect, it } from 'vitest';
import { nextPass, type OpenPhoto } from '../../../../../src/core/models/evidence/schedule.ts';

const open = (photo: number, backbone: number, crop: number): OpenPhoto => ({ photo, next: { backbone, crop } });

describe('nextPass', () => {
  it('takes the backbone that most photos wait for, and the photos that were opened first', () => {
    const photos = [open(0, 1, 4), open(2, 0, 9), open(5, 1, 0), open(7, 1, 3)];
    expect(nextPass(photos, 8)).toEqual({
      backbone: 1,
      crops: [
        { photo: 0, crop: 4 },
        { photo: 5, crop: 0 },
        { photo: 7, crop: 3 },
      ],
    });
    expect(nextPass(photos, 2)?.crops.map(({ photo }) => photo)).toEqual([0, 5]);
  });

  it('takes the first of several backbones that equally many photos wait for', () => {
    expect(nextPass([open(0, 1, 4), open(1, 0, 4)], 4)?.backbone).toBe(0);
  });

  it('returns null when no photo is open', () => {
    expect(nextPass([], 4)).toBeNull();
  });
});
