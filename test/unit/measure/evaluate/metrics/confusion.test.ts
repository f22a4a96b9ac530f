import { describe, expect, it } from 'vitest';
import { confusionMatrix } from '../../../../../src/measure/evaluate/metrics/confusion.ts';

const classes = ['n1', 'n2', 'n3'];
const shape = { searched: classes, predicted: [...classes, 'n4'], hasDiagonal: false } as const;
const cell = (wnid: string, predictedWnid: string, photos: number) => ({ wnid, predictedWnid, photos });

describe('confusion matrix', () => {
  it('counts cells, rows and bits', () => {
    const counts = [cell('n3', 'n1', 1), cell('n1', 'n2', 1), cell('n1', 'n4', 2), cell('n2', 'n1', 0)];
    expect(confusionMatrix(counts, shape)).toEqual({
      cells: 3,
      possible: 9,
      density: 3 / 9,
      coverage: 2 / 3,
      entropy: 1.5,
      counts: [cell('n1', 'n2', 1), cell('n1', 'n4', 2), cell('n3', 'n1', 1)],
      top: [cell('n1', 'n4', 2), cell('n1', 'n2', 1), cell('n3', 'n1', 1)],
    });
  });

  it('does not depend on the order of the counts, and adds those of one cell', () => {
    const counts = [cell('n1', 'n2', 3), cell('n2', 'n3', 1), cell('n3', 'n2', 1)];
    const split = [cell('n3', 'n2', 1), cell('n1', 'n2', 2), cell('n2', 'n3', 1), cell('n1', 'n2', 1)];
    expect(confusionMatrix(split, shape)).toEqual(confusionMatrix(counts, shape));
  });

  it('has the entropy of log2 of the cells if they have equally many photos, and 0 for one cell', () => {
    const full = classes.flatMap((a) => shape.predicted.filter((b) => a !== b).map((b) => cell(a, b, 5)));
    expect(confusionMatrix(full, shape)).toMatchObject({
      density: 1,
      coverage: 1,
      entropy: expect.closeTo(Math.log2(9), 12),
    });
    expect(confusionMatrix([cell('n1', 'n2', 7)], shape).entropy).toBe(0);
  });

  it('counts the diagonal in mode O', () => {
    const matrix = confusionMatrix([cell('n1', 'n1', 1)], { ...shape, hasDiagonal: true });
    expect(matrix).toMatchObject({ cells: 1, possible: 12 });
  });

  it('is null where there is nothing to compute it from', () => {
    expect(confusionMatrix([], shape)).toMatchObject({ cells: 0, density: 0, coverage: 0, entropy: null });
    expect(confusionMatrix([], { searched: [], predicted: [], hasDiagonal: true })).toMatchObject({
      density: null,
      coverage: null,
    });
  });

  it.each([
    [cell('n4', 'n1', 1), "'n4' taken for 'n1' is not in the confusion matrix: pass both classes in its shape."],
    [cell('n1', 'n9', 1), "'n1' taken for 'n9' is not in the confusion matrix: pass both classes in its shape."],
    [cell('n1', 'n1', 1), "'n1' taken for 'n1': in mode A no photo is taken for what it shows."],
    [cell('n1', 'n2', 0.5), "Expected a whole number of photos of 'n1' taken for 'n2' but received 0.5."],
    [cell('n1', 'n2', -1), "Expected a whole number of photos of 'n1' taken for 'n2' but received -1."],
  ])('refuses %o', (count, message) => {
    expect(() => confusionMatrix([count], shape)).toThrow(new RangeError(message));
  });
});
