import { describe, expect, it } from 'vitest';
import { npyTextRange, parseNpyHeader } from '../../../../../src/measure/evaluate/logits/npy-header.ts';

const header = (changes: { descr?: string; order?: string; shape?: string } = {}): string =>
  `{'descr': ${changes.descr ?? "'<f4'"}, 'fortran_order': ${changes.order ?? 'False'}, 'shape': ${changes.shape ?? '(3, 1000)'}, }   \n`;

describe('the header of an npy file', () => {
  it('tells type, byte order, order of the numbers and shape', () => {
    expect(parseNpyHeader(header())).toEqual({
      type: { bytes: 4, isLittleEndian: true },
      isFortran: false,
      rows: 3,
      columns: 1000,
    });
    expect(parseNpyHeader(header({ descr: "'>f8'", order: 'True', shape: '(3L, 7L)' }))).toEqual({
      type: { bytes: 8, isLittleEndian: false },
      isFortran: true,
      rows: 3,
      columns: 7,
    });
    expect(parseNpyHeader(header({ descr: '"<f2"' }))).toMatchObject({ type: { bytes: 2 } });
  });

  it.each([
    [{ descr: "'|O'" }, 'it holds Python objects'],
    [{ descr: "'<i8'" }, 'it holds whole numbers (<i8)'],
    [{ descr: "'|b1'" }, 'it holds whole numbers (|b1)'],
    [{ descr: "'<c8'" }, "values of the type '<c8'"],
    [{ descr: "'<f16'" }, "values of the type '<f16'"],
    [{ descr: "[('a', '<f4')]" }, "values of the type 'a record'"],
    [{ shape: '(3000,)' }, 'its shape is (3000,)'],
    [{ shape: '(3, 1, 1000)' }, 'its shape is (3, 1, 1000)'],
    [{ shape: '()' }, 'its shape is ()'],
    [{ shape: '(-3, 7)' }, 'its shape is (-3, 7)'],
  ])('of %o is refused with what to do', (changes, says) => {
    expect(parseNpyHeader(header(changes))).toEqual(expect.stringContaining(says));
    expect(parseNpyHeader(header(changes))).toMatch(/numpy\.save/);
  });

  it('that is none is refused', () => {
    expect(parseNpyHeader('{}')).toMatch(/^Expected descr, fortran_order and shape/);
  });

  it('is found in versions 1, 2 and 3, and refused in others or if it is huge', () => {
    const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
    expect(npyTextRange(Buffer.from([...magic, 1, 0, 118, 0, 0, 0]))).toEqual({ start: 10, end: 128 });
    expect(npyTextRange(Buffer.from([...magic, 2, 0, 116, 0, 0, 0]))).toEqual({ start: 12, end: 128 });
    expect(npyTextRange(Buffer.from([...magic, 3, 0, 116, 0, 0, 0]))).toEqual({ start: 12, end: 128 });
    expect(npyTextRange(Buffer.from([...magic, 4, 0, 116, 0, 0, 0]))).toMatch(/received 4\.0/);
    expect(npyTextRange(Buffer.from([...magic, 2, 0, 255, 255, 255, 127]))).toMatch(/its header has 2147483647 bytes/);
    expect(npyTextRange(Buffer.from([...magic, 1]))).toMatch(/it ends after 7 bytes/);
    expect(npyTextRange(Buffer.from('PK'))).toMatch(/does not begin/);
  });
});
