import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // For second-pass draws that were made per class: the photo's place among the hashes of the listed photos of its class, from 1,
  // and their number. The lowest hashes were drawn, the share rounded up. Null if every photo has the same chance.
  `alter table verdict add column draw_place integer, add column draw_of integer`,
  `update verdict v set draw_place = l.place, draw_of = l.photos
   from (
     select e.collection_id, e.wnid, f.sha256,
       row_number() over (partition by e.collection_id, e.wnid order by f.sha256) as place,
       count(*) over (partition by e.collection_id, e.wnid) as photos
     from shortlist_entry e join photo f on f.id = e.photo_id where e.state = 'listed'
   ) as l
   where l.collection_id = v.collection_id and l.wnid = v.wnid and l.sha256 = v.sha256 and cardinality(v.reviewers) > 0`,
];

/** Stores how reviewed photos were drawn for the second pass, so that estimates can weight them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
