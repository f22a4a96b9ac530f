import { describe, expect, it } from 'vitest';
import { photoColumns, photoRowSchema, rowText } from '../../../../../src/core/export/select/photo-row.ts';
import { photoRow } from '../../../../support/photo-files.ts';

const row = photoRow('p0', {
  creator: 'says "max_true_prob":1, to trick readers',
  attribution: '"predicted_prob":0}',
  max_true_prob: 0,
  predicted_prob: 1,
});

describe('the JSON of a row', () => {
  it('writes whole probabilities with a decimal point and leaves everything else as it is', () => {
    const text = rowText(row);
    expect(text).toContain('"max_true_prob":0.0,');
    expect(text).toContain('"predicted_prob":1.0,');
    expect(text).toContain('"label":0,');
    expect(JSON.parse(text)).toEqual(row);
  });

  it('leaves fractions, exponents and null as they are', () => {
    const other = { ...row, max_true_prob: null, predicted_prob: 1e-7 };
    expect(rowText(other)).toBe(JSON.stringify(other));
    const fraction = { ...row, max_true_prob: 0.125, predicted_prob: 0.5 };
    expect(rowText(fraction)).toBe(JSON.stringify(fraction));
  });
});

it('the columns of an export are the keys of a row in their order, without the concept in mode A, and the split and the evidence where no photo needs them', () => {
  const keys = Object.keys(photoRowSchema.shape);
  const of = { hasAlso: true, hasSplit: true, hasEvidence: true };
  expect(photoColumns({ ...of, hasSearchedWnid: true }).map(({ name }) => name)).toEqual(keys);
  expect(photoColumns({ hasAlso: true, hasSearchedWnid: false }).map(({ name }) => name)).toEqual(keys.slice(0, -3));
});
