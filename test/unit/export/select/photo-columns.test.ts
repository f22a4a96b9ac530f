import { describe, expect, it } from 'vitest';
import { photoColumns } from '../../../../src/export/select/photo-columns.ts';
import { photoRowSchema } from '../../../../src/export/select/photo-row.ts';

describe('photoColumns', () => {
  it('names the keys of a row in their order, without the concept in mode A', () => {
    const keys = Object.keys(photoRowSchema.shape);
    expect(photoColumns({ hasSearchedWnid: true }).map(({ name }) => name)).toEqual(keys);
    expect(photoColumns({ hasSearchedWnid: false }).map(({ name }) => name)).toEqual(keys.slice(0, -1));
  });
});
