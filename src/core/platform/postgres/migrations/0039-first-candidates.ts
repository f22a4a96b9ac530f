import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // first_of: the photo that this link's candidate brought to its class, if no earlier candidate that the collection takes did.
  // decided, p: the newest decision on it, with the beginning of the hash of its rules. Counting the photos of a page sets them.
  'alter table collection_candidate add column first_of bigint, add column decided text, add column p double precision',
  'create index collection_candidate_first on collection_candidate (first_of, collection_id) where first_of is not null',
  'create index collection_candidate_rest on collection_candidate (collection_id, candidate_id) where first_of is null',
  'create index collection_candidate_decided on collection_candidate (collection_id, decided, candidate_id) where decided is not null',
  'create index collection_candidate_p on collection_candidate (collection_id, p, candidate_id) include (decided) where p is not null',
  'create index candidate_found on candidate (found_at, id)',
  'create index candidate_refusal on candidate (refusal) where refusal is not null',
  'create index picture_reason on picture (reason) where reason is not null',
  'create index decision_seen on decision (collection_id, confusion_wnid) where confusion_wnid is not null',
  // All pages are counted again.
  'delete from photo_scope',
  // A page has 1,024 photos, as in `0001-initial/photo-tally.ts`.
  `create function photo_tally_licences() returns trigger language plpgsql as $$
     begin
       insert into photo_mark (page) select generate_series(0, (select max(id) / 1024 from photo));
       return null;
     end $$`,
  `create trigger photo_tally_licences after update of definition on collection for each row
     when (old.definition -> 'licences' is distinct from new.definition -> 'licences') execute function photo_tally_licences()`,
];

/** Adds to each link whether its candidate is the first of its photo and class, and what is decided on that photo. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
