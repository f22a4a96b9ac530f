import { describe, expect, it } from 'vitest';
import { occludedCopies } from '../../../../../src/core/models/engine/occlusion.ts';
import { classActivation, occlusion } from '../../../../../src/core/review/heatmap/heatmap.ts';

/** Two features on a grid of 2 x 2. */
const MAP = Float32Array.of(1, 2, 3, 4, 0, 0, 8, 0);
const LAYER = { weight: Float32Array.of(2, -1), bias: 0.5 };

describe('class activation', () => {
  it('gives each place its share of a logit: their mean plus the bias is the logit', () => {
    const logit = 2 * 2.5 - 2 + 0.5;
    expect(classActivation(MAP, LAYER, logit)).toEqual({
      kind: 'class-activation',
      rows: 2,
      columns: 2,
      values: [2, 4, -2, 8],
      bias: 0.5,
      logit,
    });
  });

  it('is not given for a model whose logit is another one, such as one that takes the largest value', () => {
    expect(classActivation(MAP, LAYER, 2 * 4 - 8 + 0.5)).toBeNull();
    expect(classActivation(MAP, LAYER, Number.NaN)).toBeNull();
  });

  it.each([
    [0.5, 1e-3],
    [-0.5, 1e-3],
    [100.5, 0.1005],
    [-99.5, 0.0995],
  ])('of the logit %d may miss it by %d, and by no more', (logit, tolerance) => {
    // The mean of the values is 0, so they come to the bias.
    const layer = { weight: Float32Array.of(0, 0), bias: logit };
    for (const sign of [1, -1]) {
      expect(classActivation(MAP, layer, logit + sign * 0.95 * tolerance)).toMatchObject({ kind: 'class-activation' });
      expect(classActivation(MAP, layer, logit + sign * 1.05 * tolerance)).toBeNull();
    }
  });

  it('is not given for a feature map that does not fit the layer', () => {
    expect(classActivation(MAP, { ...LAYER, weight: Float32Array.of(1, 1, 1, 1) }, 1)).toBeNull();
    expect(classActivation(MAP, { ...LAYER, weight: Float32Array.of(1, 1, 1) }, 1)).toBeNull();
    expect(classActivation(new Float32Array(), LAYER, 1)).toBeNull();
  });
});

describe('occlusion', () => {
  it('gives how far a logit falls when a part is hidden', () => {
    expect(occlusion(5, [5, 4, 7, 0])).toEqual({
      kind: 'occlusion',
      rows: 2,
      columns: 2,
      values: [0, 1, -2, 5],
      bias: 0,
      logit: 5,
    });
  });

  it('hides each part of a picture once, in grey, and leaves the rest as it is', () => {
    const [size, grid] = [8, 4];
    const picture = Float32Array.from({ length: 3 * size * size }, (_, i) => i + 1_000);
    const input = {
      size,
      shorterSide: size,
      isSquare: false,
      interpolation: 'bilinear-antialias',
      mean: [127.5, 27.5, 0],
      std: [1, 10, 1],
    } as const;
    const copies = occludedCopies(picture, input, grid);
    expect(copies).toHaveLength(grid ** 2 * picture.length);
    const hiddenIn = (copy: number): number[] => {
      const from = copy * picture.length;
      return [...picture.keys()].filter((i) => copies[from + i] !== picture[i]);
    };
    // The first field is at the corner: 2 x 2 pixels, and one more on the sides that are not the border.
    expect(hiddenIn(0)).toEqual([0, 64, 128].flatMap((plane) => [0, 1, 2, 8, 9, 10, 16, 17, 18].map((i) => plane + i)));
    expect([copies[0], copies[64], copies[128]]).toEqual([0, 10, 127.5]);
    expect(new Set(Array.from({ length: grid ** 2 }, (_, copy) => hiddenIn(copy)).flat()).size).toBe(picture.length);
    expect(hiddenIn(5)).toHaveLength(3 * 16);
  });
});
