import { describe, expect, it } from 'vitest';
import { PIPELINE } from '../../../src/app/pipeline.ts';

describe('PIPELINE', () => {
  it('is one chain: every stage except the first follows exactly one other', () => {
    const followers = PIPELINE.flatMap((step) => step.next ?? []);
    expect(followers).toEqual(PIPELINE.slice(1).map((step) => step.stage));
    expect(PIPELINE.at(-1)?.next).toBeNull();
  });
});
