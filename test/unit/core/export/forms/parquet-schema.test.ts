import { expect, it } from 'vitest';
import { featuresOf, schemaOf } from '../../../../../src/core/export/forms/parquet-schema.ts';
import { photoRowSchema } from '../../../../../src/core/export/select/photo-row.ts';

it('the columns of a Parquet file are the picture and every field of a row, in the order of the rows', () => {
  const shape = { classNames: ['a'], hasSearchedWnid: true, hasAlso: true, hasSplit: true, hasEvidence: true };
  const expected = ['image', ...Object.keys(photoRowSchema.shape)];
  expect(Object.keys(JSON.parse(featuresOf(shape)).info.features)).toEqual(expected);
  const inner = ['schema', 'bytes', 'path', 'list', 'element'];
  expect(schemaOf(shape).flatMap(({ name }) => (inner.includes(name) ? [] : [name]))).toEqual(expected);
});
