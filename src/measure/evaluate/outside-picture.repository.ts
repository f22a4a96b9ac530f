import { sql, type Kysely } from 'kysely';
import type { Sha256 } from '../../core/kernel/ids.ts';
import type { Database } from '../../core/platform/postgres/database.ts';

export interface OutsidePicture {
  readonly sha256: Sha256;
  /** Position in the member's class list. */
  readonly top1: number;
  readonly top1Prob: number;
}

/** If several execution providers have a picture, the cpu's row counts, else that of the first registered one. */
export async function readOutsidePictures(
  db: Kysely<Database>,
  memberId: number,
  pictures: readonly Sha256[],
): Promise<OutsidePicture[]> {
  const { rows } = await sql<OutsidePicture>`
    select distinct on (o.sha256) encode(o.sha256, 'hex') as sha256, o.top1, o.top1_prob as "top1Prob"
    from unnest(${pictures}::text[]) as wanted(hex) join outside_picture o on o.sha256 = decode(wanted.hex, 'hex')
    join member m on m.id = o.member_id
    join member own on (own.model_sha256, own.preprocessing, own.class_list_id) = (m.model_sha256, m.preprocessing, m.class_list_id)
    where own.id = ${memberId}
    order by o.sha256, m.execution_provider <> 'cpu', m.id`.execute(db);
  return rows;
}

/** The columns `output`, `scale` and `vector` stay empty: earlier versions stored features in them. */
export async function storeOutsidePictures(
  db: Kysely<Database>,
  memberId: number,
  pictures: readonly OutsidePicture[],
): Promise<void> {
  if (pictures.length === 0) return;
  await sql`
    insert into outside_picture (member_id, sha256, top1, top1_prob)
    select ${memberId}::int, decode(n.hex, 'hex'), n.top1, n.prob
    from unnest(${pictures.map(({ sha256 }) => sha256)}::text[], ${pictures.map(({ top1 }) => top1)}::smallint[],
      ${pictures.map(({ top1Prob }) => top1Prob)}::double precision[]) as n(hex, top1, prob)
    on conflict (member_id, sha256) do nothing`.execute(db);
}
