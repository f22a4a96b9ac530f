import { sql, type Kysely } from 'kysely';
import { CENTRE_CROP } from '../../core/models/evidence/evidence.ts';
import type { Database } from '../../core/platform/postgres/database.ts';

export interface CropRow {
  readonly photoId: number;
  readonly crop: number;
  /** Position in the member's class list. */
  readonly top1: number;
  readonly top1Prob: number;
  readonly trueClasses: readonly number[];
  readonly trueProbs: readonly number[];
  /** Those of the centre crop, if they are stored. */
  readonly logits: Buffer | null;
}

export async function cropRows(
  db: Kysely<Database>,
  memberId: number,
  photoIds: readonly number[],
): Promise<CropRow[]> {
  const { rows } = await sql<CropRow>`
    select photo_id::int as "photoId", crop, top1, top1_prob as "top1Prob", true_classes as "trueClasses", true_probs as "trueProbs",
      case when crop = ${CENTRE_CROP} then logits end as logits
    from counted_evidence where member_id = ${memberId} and photo_id = any(${photoIds}::bigint[])`.execute(db);
  return rows;
}
