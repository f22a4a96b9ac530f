import type { ModelInput } from '../evidence/member.ts';

/** Middle of 0..255. */
const GREY = 127.5;

/**
 * Copies of a model's input (`tensor`: one picture, channel by channel). In each, a grey square hides another field of
 * `grid` x `grid`, row by row. Squares are twice as wide as fields, so that a thing on the border of two fields is
 * hidden, too.
 */
export function occludedCopies(tensor: Float32Array, { size, mean, std }: ModelInput, grid: number): Float32Array {
  const copies = new Float32Array(tensor.length * grid ** 2);
  const field = size / grid;
  /** The pixels that are hidden for a row or column of the grid, from and before. */
  const span = (at: number): [number, number] => [
    Math.max(0, Math.round((at - 0.5) * field)),
    Math.min(size, Math.round((at + 1.5) * field)),
  ];
  for (let copy = 0; copy < grid ** 2; copy += 1) {
    const picture = copies.subarray(copy * tensor.length, (copy + 1) * tensor.length);
    picture.set(tensor);
    const [top, bottom] = span(Math.floor(copy / grid));
    const [left, right] = span(copy % grid);
    for (const [channel, average] of mean.entries()) {
      const grey = (GREY - average) / (std[channel] ?? 1);
      for (let y = top; y < bottom; y += 1) {
        const row = (channel * size + y) * size;
        picture.fill(grey, row + left, row + right);
      }
    }
  }
  return copies;
}
