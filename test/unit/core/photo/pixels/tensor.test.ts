import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fillTensor, type PerChannel } from '../../../../../src/core/photo/pixels/tensor.ts';
import { noiseImage } from './noise.ts';

const NEUTRAL = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

/**
 * Mean, std, SHA-256 of the little-endian bytes that NumPy 2.4.6 gives for
 * `np.stack([(np.arange(256).astype(np.float32) - np.float32(m)) / np.float32(s) for m, s in zip(mean, std)])`.
 */
const NUMPY: readonly (readonly [PerChannel, PerChannel, string])[] = [
  [[127, 127, 127], [128, 128, 128], '0452e4e0c568de4eeed03a8ea5ab057035d51c49d7812fb157786186c8b9d6b5'],
  [
    [123.675, 116.28, 103.53],
    [58.395, 57.12, 57.375],
    'fad6a0d142499f948331e3e547ac8074d86e30cbffffd092b05be98b7cdd4c95',
  ],
  [[0.1, 200.7, 255], [0.3, 1 / 3, 7], '952a17889721a375fef77b4382991c01391d69b160008e124602326d0c9e1066'],
];

describe('fillTensor', () => {
  it.each(NUMPY)('equals float32 arithmetic of NumPy to the last bit for mean %j and std %j', (mean, std, sha256) => {
    const everyLevel = { width: 256, height: 1, data: Uint8Array.from({ length: 768 }, (_, i) => i / 3) };
    const tensor = new Float32Array(768);
    const box = { left: 0, top: 0, width: 256, height: 1 };
    fillTensor(tensor, 0, { image: everyLevel, box, mirrored: false, mean, std });
    expect(createHash('sha256').update(new Uint8Array(tensor.buffer)).digest('hex')).toBe(sha256);
  });

  it('writes plane after plane from the offset on and touches nothing else', () => {
    const image = { width: 2, height: 2, data: Uint8Array.from({ length: 12 }, (_, i) => i) };
    const tensor = new Float32Array(16).fill(-1);
    fillTensor(tensor, 3, { image, box: { left: 0, top: 0, width: 2, height: 2 }, mirrored: false, ...NEUTRAL });
    expect([...tensor]).toEqual([-1, -1, -1, 0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1]);
  });

  // 16 pixels go through at a time: rows of less, of one block, of a block and a part, and of two blocks.
  it.each([13, 16, 29, 32].flatMap((width) => [false, true].map((mirrored) => ({ width, mirrored }))))(
    'reads the pixels of the box, $width a row (mirrored: $mirrored)',
    ({ width, mirrored }) => {
      const image = noiseImage(43, 19);
      const crop = { box: { left: 4, top: 7, width, height: 11 }, mirrored };
      const tensor = new Float32Array(3 * width * 11);
      fillTensor(tensor, 0, { image, ...crop, ...NEUTRAL });
      const planes = [0, 1, 2].flatMap((channel) =>
        Array.from({ length: width * 11 }, (_, i) => {
          const [x, y] = [i % width, Math.floor(i / width)];
          return image.data[((7 + y) * 43 + 4 + (mirrored ? width - 1 - x : x)) * 3 + channel];
        }),
      );
      expect([...tensor]).toEqual(planes);
    },
  );

  it('refuses a box that leaves the picture', () => {
    const crop = { box: { left: 1, top: 0, width: 2, height: 2 }, mirrored: true };
    expect(() => fillTensor(new Float32Array(12), 0, { image: noiseImage(2, 2), ...crop, ...NEUTRAL })).toThrow(
      'within 2 x 2 pixels but received 2 x 2 at (1, 0)',
    );
  });
});
