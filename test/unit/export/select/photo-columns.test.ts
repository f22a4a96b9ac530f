import { describe, expect, it } from 'vitest';
import { photoColumns } from '../../../../src/export/select/photo-columns.ts';
import { photoRowSchema } from '../../../../src/export/select/photo-row.ts';

describe('photoColumns', () => {
  it('names the keys of a row in their order', () => {
    const rule = { mode: 'O', minConfidence: 0.9, cap: 15 } as const;
    expect(photoColumns({ rule }).map(({ name }) => name)).toEqual(Object.keys(photoRowSchema.shape));
  });

  it('leaves out the concept in mode A', () => {
    const rule = { mode: 'A', threshold: 0.15, aggregation: 'max', members: 'any', cap: 15 } as const;
    expect(photoColumns({ rule }).map(({ name }) => name)).not.toContain('searched_wnid');
  });
});
