import { sql, type Kysely } from 'kysely';

const COLUMNS = ['wnid', 'source', 'licence'];

const STATEMENTS = [
  // The class of a first candidate, and the source and licence of its picture. Counting the photos of a page sets them, as it sets
  // `first_of` (`0039-first-candidates.ts`).
  `alter table collection_candidate ${COLUMNS.map((column) => `add column ${column} text`).join(', ')}`,
  `update collection_candidate l set wnid = c.wnid, source = p.source, licence = p.licence
   from candidate c join picture p on p.id = c.picture_id where c.id = l.candidate_id and l.first_of is not null`,
  ...COLUMNS.map(
    (column) =>
      `create index collection_candidate_${column} on collection_candidate (collection_id, ${column}, p, candidate_id) where p is not null`,
  ),
];

/** Lets the gallery find the photos of a class, a source or a licence in the order of p without a look at their candidates. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
