import { sql, type Kysely } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';

/** A member's result for one crop. Classes are positions in the member's class list. */
export interface CropRow {
  readonly photoId: number;
  /** 0..9 in TenCrop order. */
  readonly crop: number;
  readonly top1: number;
  /** 0..1 */
  readonly top1Prob: number;
  readonly trueClasses: readonly number[];
  readonly trueProbs: readonly number[];
}

/** The evidence of a member for some photos, without logits. */
export async function cropRows(
  db: Kysely<Database>,
  memberId: number,
  photoIds: readonly number[],
): Promise<CropRow[]> {
  const { rows } = await sql<CropRow>`
    select photo_id::int as "photoId", crop, top1, top1_prob as "top1Prob", true_classes as "trueClasses", true_probs as "trueProbs"
    from counted_evidence where member_id = ${memberId} and photo_id = any(${photoIds}::bigint[])`.execute(db);
  return rows;
}
