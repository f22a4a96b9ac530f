import { describe, expect, it } from 'vitest';
import {
  preprocessingVersion,
  type ModelInput,
  type ModelReading,
} from '../../../../../src/core/models/evidence/member.ts';
import { toSha256 } from '../../../../../src/core/kernel/ids.ts';

const INPUT: ModelInput = {
  size: 224,
  shorterSide: 256,
  isSquare: false,
  interpolation: 'bilinear-antialias',
  mean: [127, 127, 127],
  std: [128, 128, 128],
};

const AS_BUNDLED: ModelReading = {
  layout: 'nchw',
  type: 'float32',
  values: 'logits',
  output: 'logits',
  classesSha256: null,
};

describe('preprocessingVersion', () => {
  it('is the text that keys stored evidence: if it changes, every photo is evaluated again', () => {
    expect(preprocessingVersion(INPUT)).toBe(
      'v1 exif white-alpha pillow-bilinear:256 tencrop:224 mean:127,127,127 std:128,128,128',
    );
  });

  it('adds nothing for a model with the format of the bundled ones, so that their evidence stays valid', () => {
    expect(preprocessingVersion(INPUT, AS_BUNDLED)).toBe(preprocessingVersion(INPUT));
  });

  it('differs if outputs are used in another way or stand for other classes', () => {
    const others: ModelReading[] = [
      AS_BUNDLED,
      { ...AS_BUNDLED, layout: 'nhwc' },
      { ...AS_BUNDLED, type: 'uint8' },
      { ...AS_BUNDLED, values: 'probabilities' },
      { ...AS_BUNDLED, isUnit: true },
      { ...AS_BUNDLED, isSigmoid: true },
      { ...AS_BUNDLED, output: 'scores' },
      { ...AS_BUNDLED, classesSha256: toSha256('ab'.repeat(32)) },
      { ...AS_BUNDLED, classesSha256: toSha256('cd'.repeat(32)) },
    ];
    expect(new Set(others.map((reading) => preprocessingVersion(INPUT, reading))).size).toBe(others.length);
  });

  it('differs if the model would get other numbers', () => {
    const others: ModelInput[] = [
      { ...INPUT, size: 240 },
      { ...INPUT, shorterSide: 257 },
      { ...INPUT, isSquare: true },
      { ...INPUT, interpolation: 'bicubic-antialias' },
      { ...INPUT, interpolation: 'lanczos' },
      { ...INPUT, mean: [123.675, 127, 127] },
      { ...INPUT, std: [128, 128, 127] },
    ];
    expect(new Set([INPUT, ...others].map((input) => preprocessingVersion(input))).size).toBe(8);
  });
});
