import { sql, type Kysely, type RawBuilder } from 'kysely';

const KEY = 'collection_id, query_id, wnid, source, licence, refusal, state, reason';

/** The key of link `l`, its candidate `c` and its picture `p`. Labels that name no class can be any text, so they count as one. */
const KEY_OF = `l.collection_id, c.query_id, case when c.refusal is distinct from 'unknown-class' then c.wnid end as wnid,
  p.source, p.licence, c.refusal, p.state, p.reason`;

/** A statement trigger like those of `0001-initial/candidate-tally.ts`, which explains it. */
const tallyTrigger = (name: string, rows: string): string => `
  create or replace function ${name}() returns trigger language plpgsql set enable_seqscan = off as $$
  declare
    is_time_to_fold boolean;
  begin
    with added as (
      insert into candidate_tally (${KEY}, count)
      select ${KEY}, sum(change) from (${rows}) as changes group by ${KEY} having sum(change) <> 0
      returning id)
    select bool_or(id % 20000 = 0) into is_time_to_fold from added;
    if is_time_to_fold then
      perform candidate_tally_fold();
    end if;
    return null;
  end $$`;

const PICTURE_OF = `cross join lateral (select * from picture where picture.id = c.picture_id offset 0) as p`;
const CANDIDATE_OF = `cross join lateral (select * from candidate where candidate.id = l.candidate_id offset 0) as c`;
const LINKS_OF = `cross join lateral (select * from collection_candidate where candidate_id = c.id offset 0) as l`;

const ofLinks = (rows: string, change: 1 | -1): string =>
  `select ${KEY_OF}, ${change} as change from ${rows} l ${CANDIDATE_OF} ${PICTURE_OF}`;
const ofCandidates = (rows: string, change: 1 | -1): string =>
  `select ${KEY_OF}, ${change} as change from ${rows} c ${LINKS_OF} ${PICTURE_OF}`;
const ofPictures = (rows: string, change: 1 | -1): string =>
  `select ${KEY_OF}, ${change} as change from ${rows} p
    cross join lateral (select * from candidate where candidate.picture_id = p.id offset 0) as c ${LINKS_OF}`;

/** Photos in one page of consecutive ids, as in `0001-initial/photo-tally.ts`. */
const PAGE = 1024;

/** A statement trigger that marks the pages of the photos of links. */
const markTrigger = (name: string, rows: string): string => `
  create function ${name}() returns trigger language plpgsql set enable_seqscan = off as $$
  declare
    is_time_to_fold boolean;
  begin
    with added as (
      insert into photo_mark (page) select distinct p.photo_id / ${PAGE} from ${rows} l ${CANDIDATE_OF} ${PICTURE_OF}
      where p.photo_id is not null returning id)
    select bool_or(id % 20000 = 0) into is_time_to_fold from added;
    if is_time_to_fold then
      perform photo_mark_fold();
    end if;
    return null;
  end $$`;

const on = (event: string, calls: string): string => `create trigger ${calls} after ${event} on collection_candidate
  referencing ${event === 'insert' ? 'new table as new_rows' : 'old table as old_rows'} for each statement execute function ${calls}()`;

/** The collections whose crawls found a candidate, also one that was there before. A collection counts and decides these. */
const TABLE = 'create table collection_candidate (candidate_id bigint not null, collection_id integer not null)';

/** Constraints follow the rows, because checking all rows at once is faster. No query waits for the first autovacuum. */
const CONSTRAINTS = [
  `alter table collection_candidate add primary key (candidate_id, collection_id),
     add foreign key (candidate_id) references candidate on delete cascade,
     add foreign key (collection_id) references collection on delete cascade`,
  'analyze collection_candidate',
];

const COUNTS = [
  // The tally now counts links: a candidate once for each collection that found it.
  'truncate candidate_tally',
  'alter table candidate_tally add column collection_id integer not null',
  `insert into candidate_tally (${KEY}, count)
   select ${KEY}, count(*) from (
     select ${KEY_OF} from collection_candidate l join candidate c on c.id = l.candidate_id join picture p on p.id = c.picture_id) as links
   group by ${KEY}`,
  'delete from photo_scope',
  `create or replace function candidate_tally_fold() returns void language sql as $$
     with gone as (
       delete from candidate_tally where ctid = any(array(select ctid from candidate_tally for update skip locked))
       returning ${KEY}, count)
     insert into candidate_tally (${KEY}, count)
     select ${KEY}, sum(count) from gone group by ${KEY} having sum(count) <> 0
   $$`,

  'drop trigger candidate_tally_inserted on candidate',
  'drop trigger candidate_tally_deleted on candidate',
  'drop trigger photo_tally_candidate_insert on candidate',
  'drop trigger photo_tally_candidate_delete on candidate',
  'drop function candidate_tally_inserted',
  'drop function candidate_tally_deleted',
  'drop function photo_tally_candidate_old',
  tallyTrigger('candidate_tally_updated', `${ofCandidates('old_rows', -1)} union all ${ofCandidates('new_rows', 1)}`),
  tallyTrigger('candidate_tally_picture', `${ofPictures('old_rows', -1)} union all ${ofPictures('new_rows', 1)}`),
  tallyTrigger('candidate_tally_linked', ofLinks('new_rows', 1)),
  tallyTrigger('candidate_tally_unlinked', ofLinks('old_rows', -1)),
  markTrigger('photo_tally_linked', 'new_rows'),
  markTrigger('photo_tally_unlinked', 'old_rows'),
  on('insert', 'candidate_tally_linked'),
  on('delete', 'candidate_tally_unlinked'),
  on('insert', 'photo_tally_linked'),
  on('delete', 'photo_tally_unlinked'),
  ...['candidate_tally', 'photo_tally'].map(
    (tally) => `create trigger ${tally}_links_truncate after truncate on collection_candidate
      for each statement execute function ${tally}_truncated()`,
  ),
  // Counting a deleted link needs its candidate, so links are deleted before their candidate.
  `create function candidate_links_first() returns trigger language plpgsql as $$
     begin
       delete from collection_candidate where candidate_id = old.id;
       return old;
     end $$`,
  `create trigger candidate_links_first before delete on candidate
     for each row execute function candidate_links_first()`,
];

interface CollectionRow {
  readonly id: number;
  readonly mode: unknown;
  readonly classes: unknown;
  readonly concepts: unknown;
  readonly among: string[] | null;
}

/** Links the candidates to the collections that decide them now, so that no decision and no count changes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLE).execute(db);
  const { rows } = await sql<CollectionRow>`
    select k.id, k.definition -> 'mode' as mode, k.definition -> 'classes' as classes, k.definition -> 'concepts' as concepts, l.wnids as among
    from collection k left join class_list l on l.sha256 = decode(k.definition ->> 'classListSha256', 'hex') order by k.id`.execute(
    db,
  );
  for (const row of rows)
    await sql`
      insert into collection_candidate (candidate_id, collection_id)
      select c.id, ${row.id}::int from candidate c where ${isTaken(row)} or c.refusal = 'unknown-class' order by c.id`.execute(
      db,
    );
  for (const statement of [...CONSTRAINTS, ...COUNTS]) await sql.raw(statement).execute(db);
}

/** SQL: the collection takes candidate `c`, as filters decided when this migration was written. One without classes takes all. */
function isTaken({ mode, classes, concepts, among }: CollectionRow): RawBuilder<unknown> {
  const list = among ?? textsOf(classes);
  if (list === null) return sql`true`;
  if (mode !== 'O') return sql`c.wnid = any(${textsOf(classes) ?? list}::text[])`;
  const only = textsOf(concepts);
  return only === null ? sql`c.wnid <> all(${list}::text[])` : sql`c.wnid = any(${only}::text[])`;
}

function textsOf(value: unknown): string[] | null {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : null;
}
