import { sql, type Kysely } from 'kysely';
import type { Sha256, Wnid } from '../kernel/ids.ts';
import type { Database } from '../platform/postgres/database.ts';

export interface ListedSubject {
  readonly photoId: number;
  readonly sha256: Sha256;
  readonly wnids: readonly Wnid[];
}

/** The listed photos of which a member lacks the logits of a crop, in the order in which they were stored. */
export async function listedWithoutEvidence(
  db: Kysely<Database>,
  collectionId: number,
  { memberId, crop }: { readonly memberId: number; readonly crop: number },
): Promise<ListedSubject[]> {
  const { rows } = await sql<ListedSubject>`
    select f.id as "photoId", encode(f.sha256, 'hex') as sha256, array_agg(e.wnid) as wnids
    from shortlist_entry e join photo f on f.id = e.photo_id
    where e.collection_id = ${collectionId} and e.state = 'listed' and not exists (
      select 1 from counted_evidence v
      where v.photo_id = f.id and v.member_id = ${memberId} and v.crop = ${crop} and v.logits is not null)
    group by f.id order by f.id`.execute(db);
  return rows;
}
