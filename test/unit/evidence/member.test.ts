import { describe, expect, it } from 'vitest';
import { preprocessingVersion, type ModelInput } from '../../../src/evidence/member.ts';

const INPUT: ModelInput = { size: 224, shorterSide: 256, mean: [127, 127, 127], std: [128, 128, 128] };

describe('preprocessingVersion', () => {
  it('is the text that keys stored evidence: another one means that every photo is evaluated again', () => {
    expect(preprocessingVersion(INPUT)).toBe(
      'v1 exif white-alpha pillow-bilinear:256 tencrop:224 mean:127,127,127 std:128,128,128',
    );
  });

  it('differs whenever the model would be shown other numbers', () => {
    const others: ModelInput[] = [
      { ...INPUT, size: 240 },
      { ...INPUT, shorterSide: 257 },
      { ...INPUT, mean: [123.675, 127, 127] },
      { ...INPUT, std: [128, 128, 127] },
    ];
    expect(new Set([INPUT, ...others].map((input) => preprocessingVersion(input))).size).toBe(5);
  });
});
