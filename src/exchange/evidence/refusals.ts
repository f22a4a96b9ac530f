/** Why evidence is refused, and what to do. */
const REASONS = {
  'stale-plan':
    'The plan is of another collection, or of other rules or models. Make a new plan with `winnow evidence plan`',
  'changed-file': 'A file does not have the bytes that SHA256SUMS or the plan names. Copy it again',
  'missing-shard':
    'Results of a shard are missing. Run the worker again: it continues with the shards that are missing',
  'cut-shard':
    'A file is cut off, or no Parquet file with Snappy, gzip, Brotli or no compression. Delete it and write it again',
  'wrong-columns': 'A result file needs the columns plan_id, sha256, member, crop and logits (docs/clusters.md)',
  'other-plan': 'Rows are the results of another plan. Import them with their own plan',
  'unknown-photo':
    'Rows name photos that this shard of the plan does not have. Write the results of plan/part-N.parquet to part-N.parquet',
  'unknown-member': 'Rows name members that the plan does not have',
  'wrong-crop': 'Crops are numbered 0 to 9 in the order of TenCrop',
  duplicate: 'Crops or photos come twice. Write one row for each photo, member and crop, and each photo into one shard',
  'wrong-length': 'Each row needs a logit for each of the `wnids` of its member, in their order',
  'not-finite':
    'Logits are NaN or infinite. Write null logits for a photo that a model cannot evaluate: winnow then tries it',
  'float16-overflow': 'Logits are infinite, because float16 ends at 65,504. Write float32',
  'missing-photo':
    'Photos of the plan have no row. Run the worker again for their shard, or write rows with null logits',
  'missing-crop': 'Photos lack crops. Each needs the crops 0 to 9 of each of its members',
  'crop-order': 'The crops are in another order than TenCrop',
  'class-order': 'The logits are in another order than the `wnids` of the plan',
  'other-pixels':
    'The logits are near, but not the same: the pixels differ (mean, std, resizing, or the version of Pillow)',
  'other-model': 'The logits are not those of the model in the plan',
  'no-sample':
    'None of the sampled photos can be read here, so nothing shows that the evidence is right. Check that the blobs are there',
} as const;

export type RefusalReason = keyof typeof REASONS;

export interface RefusalCount {
  readonly reason: RefusalReason;
  readonly count: number;
  readonly advice: string;
  /** The first case. */
  readonly example: string;
}

export class Refusals {
  readonly #found = new Map<RefusalReason, { count: number; example: string }>();

  add(reason: RefusalReason, example: string): null {
    const known = this.#found.get(reason);
    if (known === undefined) this.#found.set(reason, { count: 1, example });
    else known.count += 1;
    return null;
  }

  get list(): RefusalCount[] {
    return [...this.#found].map(([reason, { count, example }]) => ({
      reason,
      count,
      advice: REASONS[reason],
      example,
    }));
  }
}
