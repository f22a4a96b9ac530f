import { describe, expect, it } from 'vitest';
import { ReleasedNames, releasedNamesProblem } from '../../../../../src/core/export/revisions/released-name.ts';
import { HOSTILE_TEXT, photoRow } from '../../../../support/photo-files.ts';

/** The names in the release of ImageNet-A, as its users parse them. */
const RELEASED_A = /^(\d\.\d+)_(.+) _ (.+)_(\d\.\d+)\.(jpg|png)$/;

function nameOf(fields: Parameters<typeof photoRow>[1], name = 'crane'): string {
  return new ReleasedNames().nameFor(photoRow('p0123456789abcdef', fields), name);
}

describe('released names in mode A', () => {
  it.each([
    { p: [0.000116, 0.865662], name: 'digital clock', is: '0.000116_digital clock _ digital clock_0.865662.jpg' },
    { p: [0.000348, 0.555_407_05], name: 'chameleon', is: '0.000348_chameleon _ chameleon_0.55540705.jpg' },
    { p: [0.00003, 0.850_235_4], name: 'doormat', is: '0.000030_doormat _ doormat_0.8502354.jpg' },
  ])('are those of ImageNet-A: $is', ({ p: [max_true_prob = 0, predicted_prob = 0], name, is }) => {
    expect(nameOf({ max_true_prob, predicted_prob }, name)).toBe(is);
  });

  it('keep the extension of a PNG', () => {
    expect(nameOf({ file_name: 'n01498041/p0123456789abcdef.png' })).toBe('0.000116_crane _ crane_0.865662.png');
  });

  it('are safe in any file system and can still be parsed, whatever the classes are called', () => {
    for (const name of [
      HOSTILE_TEXT,
      '../../etc/passwd',
      'a _ b_c',
      '...',
      ' ',
      'é'.repeat(300),
      '\u{1F600}'.repeat(99),
    ]) {
      const made = nameOf({}, name);
      expect(Buffer.byteLength(made)).toBeLessThan(230);
      expect(made).not.toMatch(/[/\\:*?"<>|]|\p{Cc}|\p{Cf}/u);
      const [, , first, second] = RELEASED_A.exec(made) ?? [];
      expect(first).toBe(second);
    }
    expect(nameOf({}, 'a _ b_c')).toBe('0.000116_a b c _ a b c_0.865662.jpg');
  });

  it.each([
    [1, '1.0'],
    [0, '0.0'],
    [0.1, '0.1'],
    [1 / 3, '0.33333334'],
    [0.000_02, '0.00002'],
    [0.000_000_2, '0.0000002'],
  ])('write the probability %d without an exponent', (predicted_prob, digits) => {
    expect(nameOf({ predicted_prob }, 'x')).toBe(`0.000116_x _ x_${digits}.jpg`);
  });

  it('are unique in each folder: a repeated name gets zeros at its end, and after nine of them the id', () => {
    const names = new ReleasedNames();
    const made = Array.from({ length: 14 }, (_, at) =>
      names.nameFor(photoRow(`p${at}`), at % 2 === 0 ? 'Crane' : 'crane'),
    );
    expect(new Set(made.map((name) => name.toLowerCase())).size).toBe(made.length);
    expect(made.slice(0, 3).map((name) => RELEASED_A.exec(name)?.[4])).toEqual(['0.865662', '0.8656620', '0.86566200']);
    expect(made.at(-1)).toBe('0.000116_crane _ crane_0.865662-p13.jpg');
    const other = photoRow('p1', { wnid: 'n2' });
    expect(names.nameFor(other, 'crane')).toBe('0.000116_crane _ crane_0.865662.jpg');
  });
});

const O = { max_true_prob: null, predicted_prob: 0.997_679_53, searched_wnid: 'n02543565' };

it('released names in mode O are as in ImageNet-O: the concept and the confidence', () => {
  expect(nameOf(O, 'cardinal tetra')).toBe('cardinal_tetra_0.99767953.JPEG');
});

it('releasedNamesProblem refuses released names beside WebDataset, which cuts names at the first dot, and no other format', () => {
  expect(releasedNamesProblem(['coco', 'parquet'])).toBeNull();
  expect(releasedNamesProblem(['coco', 'webdataset'])).toContain('--format webdataset');
});
