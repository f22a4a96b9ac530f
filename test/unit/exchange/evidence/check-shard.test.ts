import { describe, expect, it } from 'vitest';
import { ShardRows, type ReadRow, type ShardPhoto } from '../../../../src/exchange/evidence/check-shard.ts';
import { withId } from '../../../../src/exchange/evidence/format.ts';
import { Refusals } from '../../../../src/exchange/evidence/refusals.ts';
import { toSha256 } from '../../../../src/core/kernel/ids.ts';

const sha256 = toSha256('a'.repeat(64));
const other = toSha256('b'.repeat(64));
const memberOf = (member: string, wnids: string[]) => ({
  member,
  modelSha256: sha256,
  wnids,
  recipe: { preprocessing: '' },
});
const rest = { format: 1, collection: 'c', rules: '', photos: 1, s3: null, shards: [] } as const;
const plan = withId({ ...rest, members: [memberOf('m', ['one', 'two']), memberOf('n', ['one', 'two', 'three'])] });
const CROPS = Array.from({ length: 10 }, (_, crop) => crop);

const rowOf = (change: Partial<ReadRow> = {}): ReadRow => ({
  isHalf: false,
  planId: plan.id,
  sha256,
  member: 'm',
  crop: 0,
  logits: change.member === 'n' ? [1, 2, 3] : [1, 2],
  ...change,
});
/** The rows of all crops of a member. */
const cropsOf = (member: string, change: Partial<ReadRow> = {}): ReadRow[] =>
  CROPS.map((crop) => rowOf({ member, crop, ...change }));

/** Reads rows. Returns the photos that they complete, each after so many rows, and what is refused. */
function read(rows: readonly ReadRow[], photos: readonly ShardPhoto[] = [{ sha256, members: ['m'] }], isEnd = false) {
  const refusals = new Refusals();
  const shard = new ShardRows(plan, photos, refusals);
  const complete = rows.flatMap((row, i) => {
    const photo = shard.take(row, 'part');
    return photo === null ? [] : [{ after: i + 1, ...photo }];
  });
  if (isEnd) shard.finish('part');
  return { complete, refused: refusals.list.map(({ reason, count }) => [reason, count]) };
}

describe('a row of evidence is refused, and is no zero,', () => {
  it.each<[string, Partial<ReadRow>, string]>([
    ['with a null crop', { crop: null }, 'wrong-crop'],
    ['without a crop', { crop: undefined }, 'wrong-crop'],
    ['with crop -1', { crop: -1 }, 'wrong-crop'],
    ['with crop 10', { crop: 10 }, 'wrong-crop'],
    ['with crop 0.5', { crop: 0.5 }, 'wrong-crop'],
    ['of another plan', { planId: '0'.repeat(64) }, 'other-plan'],
    ['of no plan', { planId: null }, 'other-plan'],
    ['of a photo of another shard', { sha256: other }, 'unknown-photo'],
    ['of a member that the plan does not have', { member: 'o' }, 'unknown-member'],
    ['of no member', { member: null }, 'unknown-member'],
    ['with the logits of another member', { logits: [1, 2, 3] }, 'wrong-length'],
    ['with one logit too few', { logits: [1] }, 'wrong-length'],
    ['with an empty list of logits', { logits: [] }, 'wrong-length'],
    ['with a text as logits', { logits: '12' }, 'wrong-length'],
    ['with a null among the logits', { logits: [1, null] }, 'not-finite'],
    ['with NaN', { logits: [Number.NaN, 2] }, 'not-finite'],
    ['with Infinity', { logits: [1, Infinity] }, 'not-finite'],
    ['with a float64 that is infinite as float32', { logits: [1, -1e39] }, 'not-finite'],
    ['with NaN as float16', { isHalf: true, logits: [1, Number.NaN] }, 'not-finite'],
    ['with -Infinity as float16', { isHalf: true, logits: [1, -Infinity] }, 'float16-overflow'],
  ])('%s', (_, change, reason) => {
    expect(read([rowOf(change)])).toEqual({ complete: [], refused: [[reason, 1]] });
  });
});

describe('the photo of a shard', () => {
  it('is complete after the tenth crop of its members, in whatever order they come', () => {
    const rows = [...cropsOf('n').toReversed(), ...cropsOf('m')];
    const { complete, refused } = read(rows, [{ sha256, members: ['m', 'n'] }], true);
    expect([complete.map(({ after }) => after), refused]).toEqual([[20], []]);
    expect(complete[0]?.logits?.map((crops) => crops?.map(({ length }) => length))).toEqual([
      CROPS.map(() => 2),
      CROPS.map(() => 3),
    ]);
  });

  it('is not completed by crops of a member that the plan does not want for it', () => {
    const five = [...cropsOf('n').slice(0, 5), ...cropsOf('m').slice(0, 5)];
    expect(read([...cropsOf('n'), ...five.slice(5)])).toEqual({ complete: [], refused: [] });
    expect(read(five, undefined, true)).toEqual({ complete: [], refused: [['missing-crop', 1]] });
    const { complete, refused } = read([...cropsOf('n'), ...cropsOf('m')], undefined, true);
    expect([complete.map(({ after, logits }) => [after, logits?.[1]]), refused]).toEqual([[[20, null]], []]);
  });

  it('is complete once, and each of its crops that comes again is refused', () => {
    const { complete, refused } = read([...cropsOf('m'), ...cropsOf('m'), ...cropsOf('n')], undefined, true);
    expect([complete.length, refused]).toEqual([1, [['duplicate', 10]]]);
  });

  it('is left to winnow if one of its crops has no logits', () => {
    const { complete, refused } = read(
      cropsOf('m').map((row, i) => (i === 9 ? { ...row, logits: null } : row)),
      undefined,
      true,
    );
    expect([complete, refused]).toEqual([[{ after: 10, sha256, logits: null }], []]);
  });

  it('lacks a crop, or has no row at all, at the end of the file', () => {
    const photos = [sha256, other].map((one) => ({ sha256: one, members: ['m', 'n'] }));
    expect(read([...cropsOf('m'), ...cropsOf('n').slice(1)], photos, true).refused).toEqual([
      ['missing-crop', 1],
      ['missing-photo', 1],
    ]);
    expect(read(cropsOf('m'), photos.slice(0, 1), true).refused).toEqual([['missing-crop', 1]]);
  });
});
