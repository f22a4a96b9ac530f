import { sql, type Kysely } from 'kysely';
import type { Sha256 } from '../../kernel/ids.ts';
import type { Database } from '../../platform/postgres/database.ts';

export async function firstUnreviewed(db: Kysely<Database>, collectionId: number, limit: number): Promise<Sha256[]> {
  const { rows } = await sql<{ sha256: Sha256 }>`
    select encode(f.sha256, 'hex') as sha256 from shortlist_entry e join photo f on f.id = e.photo_id join shortlist s on s.collection_id = e.collection_id
    left join verdict v on v.collection_id = e.collection_id and v.wnid = e.wnid and v.sha256 = f.sha256
    where e.collection_id = ${collectionId} and e.state <> 'left-out' and coalesce(v.state, 'unreviewed') = 'unreviewed'
    order by e.wnid collate "C", case when s.controls > 0 then f.sha256 end, e.rank limit ${limit}`.execute(db);
  return rows.map(({ sha256 }) => sha256);
}
