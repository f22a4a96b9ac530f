import { describe, expect, it } from 'vitest';
import { classColumns } from '../../../../../src/measure/evaluate/logits/class-columns.ts';

/** ImageNet-1k in small. */
const imagenet = ['n1', 'n2', 'n3', 'n4'];
const table = (columns: number, names: readonly string[] | null = null) => ({ file: 'a.npy', columns, names });

describe('the columns of classes', () => {
  it('are picked from those of ImageNet-1k, or are the classes to choose among', () => {
    expect(classColumns(table(4), { among: ['n2', 'n4'], imagenet }).columns).toEqual([1, 3]);
    expect(classColumns(table(2), { among: ['n2', 'n4'], imagenet }).columns).toEqual([0, 1]);
    expect(classColumns(table(4), { among: imagenet, imagenet }).columns).toEqual([0, 1, 2, 3]);
  });

  it('are found by a header of wnids in any order, with other columns or without', () => {
    const names = ['n4', 'n9', 'n2'];
    expect(classColumns(table(3, names), { among: ['n2', 'n4'], imagenet }).columns).toEqual([2, 0]);
    expect(() => classColumns(table(3, names), { among: ['n1', 'n2'], imagenet })).toThrow(
      "Cannot read logits from 'a.npy': its header ('n4', 'n9', 'n2') names no column for n1. Name the columns by wnid",
    );
    expect(() => classColumns(table(2, ['n2', 'n2']), { among: ['n2', 'n1'], imagenet })).toThrow(
      "'n2' (column 1) and 'n2' (column 2) both mean n2",
    );
  });

  it('are found by a header of names of classes, never by the order of the wnids', () => {
    const words = new Map(
      Object.entries({ cat: ['n1'], dog: ['n2'], crane: ['n3', 'n4'], 'crane bird': ['n3'], hound: ['n2'] }),
    );
    const meaningsOf = (name: string) => words.get(name) ?? [];
    const columnsOf = (names: string[], among = ['n1', 'n2']) =>
      classColumns(table(names.length, names), { among, imagenet, meaningsOf }).columns;
    expect(columnsOf(['dog', 'cat'])).toEqual([1, 0]);
    expect(columnsOf(['background', 'dog', 'crane', 'cat'])).toEqual([3, 1]);
    expect(columnsOf(['crane', 'crane bird', 'dog', 'cat'], imagenet)).toEqual([3, 2, 1, 0]);
    expect(columnsOf(['crane', 'cat'], ['n1', 'n4'])).toEqual([1, 0]);
    expect(() => columnsOf(['crane', 'crane', 'dog', 'cat'], imagenet)).toThrow(
      "in its header, 'crane' (column 1) and 'crane' (column 2) may mean n3 or n4. Name the columns by wnid",
    );
    expect(() => columnsOf(['dog', 'hound', 'cat'])).toThrow("'dog' (column 1) and 'hound' (column 2) both mean n2");
    expect(() => columnsOf(['dog', 'cow'])).toThrow("its header ('dog', 'cow') names no column for n1");
    expect(() => columnsOf(['left', 'right'])).toThrow(
      "Expected wnids, names of classes or numbers in its header but received 'left', 'right'",
    );
  });

  it('are refused if their number fits nothing, or two things', () => {
    expect(() => classColumns(table(3), { among: ['n2', 'n4'], imagenet })).toThrow(
      'Expected 4 columns (ImageNet-1k) or 2 (the classes to choose among) but it has 3. Some models have a background class',
    );
    expect(() => classColumns(table(5, ['', '0', '1', '2', '3']), { among: imagenet, imagenet })).toThrow(
      'index=False',
    );
    expect(() => classColumns(table(4), { among: ['n2', 'n3', 'n4', 'n5'], imagenet })).toThrow(
      'may be the classes of ImageNet-1k, or the 4 classes to choose among',
    );
    expect(() => classColumns(table(4), { among: ['n2', 'mine'], imagenet })).toThrow(
      'Expected 2 columns, because mine are not in ImageNet-1k, but it has 4',
    );
  });

  it('with numbered names are refused in another order than that of their numbers', () => {
    const among = ['n1', 'n2', 'n3'];
    expect(classColumns(table(3, ['p0', 'p9', 'p10']), { among, imagenet }).columns).toEqual([0, 1, 2]);
    expect(() => classColumns(table(3, ['p0', 'p10', 'p9']), { among, imagenet })).toThrow(
      "Expected its columns in the order of their numbers but 'p9' follows 'p10'",
    );
  });
});
