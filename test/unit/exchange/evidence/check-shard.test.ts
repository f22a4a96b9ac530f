import { expect, it } from 'vitest';
import { ShardRows } from '../../../../src/exchange/evidence/check-shard.ts';
import { withId } from '../../../../src/exchange/evidence/format.ts';
import { Refusals } from '../../../../src/exchange/evidence/refusals.ts';
import { toSha256 } from '../../../../src/core/kernel/ids.ts';

const sha256 = toSha256('a'.repeat(64));
const member = { member: 'm', modelSha256: sha256, wnids: ['one', 'two'], recipe: { preprocessing: '' } };
const rest = { format: 1, collection: 'c', rules: '', photos: 1, s3: null, shards: [] } as const;
const plan = withId({ ...rest, members: [member] });

it.each([
  ['a null crop', { crop: null }, 'wrong-crop'],
  ['a null among the logits', { logits: [1, null] }, 'not-finite'],
])('%s is no zero', (_, change, reason) => {
  const refusals = new Refusals();
  const rows = new ShardRows(plan, [{ sha256, members: ['m'] }], refusals);
  rows.take({ isHalf: false, planId: plan.id, sha256, member: 'm', crop: 0, logits: [1, 2], ...change }, 'part');
  expect(refusals.list.map((one) => one.reason)).toEqual([reason]);
});
