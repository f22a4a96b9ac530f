import { sql, type Kysely } from 'kysely';

/** The ids in lower case of the licences that collection `k` allows; null if it allows any. */
const ALLOWED = `case when jsonb_typeof(k.definition -> 'licences') = 'array'
  then array(select lower(a.id) from jsonb_array_elements_text(k.definition -> 'licences') as a(id)) end`;

/** Candidate `c` of picture `p` brings its photo into a collection that allows the licences `k.allowed`. */
const IS_TAKEN = `c.refusal is null
  and (k.allowed is null or p.licence = any(array(select name from licence where choices && k.allowed)))`;

/** The copy of decision `d` in a link: `kept 0a1b2c3d` or `correct 0a1b2c3d`, with the rules. In mode O, without a searched class, the surest prediction has the lowest p. */
const DECIDED = `coalesce(d.reason, d.state) || ' ' || left(encode(d.decision_sha256, 'hex'), 8)`;
const P = 'coalesce(d.max_true_prob, -d.confusion_prob)';

/** The columns of the first links among those of `from`, which has links `l`, candidates `c`, pictures `p` and rules `k`. */
const firsts = (from: string): string => `
  select f.*, ${DECIDED} as decided, ${P} as p from (
    select distinct on (l.collection_id, p.photo_id, c.wnid) l.collection_id, l.candidate_id, p.photo_id, c.wnid
    from ${from} and ${IS_TAKEN} order by l.collection_id, p.photo_id, c.wnid, l.candidate_id) as f
  left join lateral (
    select * from decision where collection_id = f.collection_id and photo_id = f.photo_id and wnid = f.wnid offset 0) as d on true`;

const RULES = `rules as materialized (select k.id, ${ALLOWED} as allowed from collection k)`;

/**
 * Marks the first links of some photos again. Writers of one photo wait for each other, so that each sees what the others have
 * committed. Photos are locked after pictures and by hash, as everywhere.
 */
const MARK = `
  create function collection_candidate_mark(ids bigint[]) returns void language plpgsql set enable_seqscan = off as $$
  begin
    perform 1 from photo where id = any(ids) order by sha256 for no key update;
    with ${RULES},
    firsts as (${firsts(`unnest(ids) as i(id)
      cross join lateral (select id, photo_id, licence from picture where photo_id = i.id offset 0) as p
      cross join lateral (select id, wnid, refusal from candidate where picture_id = p.id offset 0) as c
      cross join lateral (select candidate_id, collection_id from collection_candidate where candidate_id = c.id offset 0) as l
      join rules k on k.id = l.collection_id where true`)}),
    marks as (
      select collection_id, candidate_id, photo_id, decided, p from firsts
      union all
      select l.collection_id, l.candidate_id, null, null, null from collection_candidate l where l.first_of = any(ids)
        and not exists (select from firsts f where f.candidate_id = l.candidate_id and f.collection_id = l.collection_id))
    update collection_candidate l set first_of = m.photo_id, decided = m.decided, p = m.p from marks m
    where l.candidate_id = m.candidate_id and l.collection_id = m.collection_id
      and (l.first_of, l.decided, l.p) is distinct from (m.photo_id, m.decided, m.p);
  end $$`;

/** Photos in one page of consecutive ids, as in `0001-initial/photo-tally.ts`. */
const PAGE = 1024;

/** A trigger that marked the pages of the photos that `ids` gives now also marks the first links of them, or of the photos `marked`. */
const trigger = (name: string, ids: string, marked = 'photos'): string => `
  create or replace function ${name}() returns trigger language plpgsql set enable_seqscan = off as $$
  declare
    is_time_to_fold boolean;
    photos bigint[];
  begin
    photos := array(select distinct photo_id from (${ids}) as changed where photo_id is not null);
    if cardinality(photos) > 0 then
      with added as (
        insert into photo_mark (page) select distinct p.id / ${PAGE} from unnest(photos) as p(id) returning id)
      select bool_or(id % 20000 = 0) into is_time_to_fold from added;
      if is_time_to_fold then
        perform photo_mark_fold();
      end if;
      perform collection_candidate_mark(${marked});
    end if;
    return null;
  end $$`;

const PICTURE_OF = 'cross join lateral (select photo_id from picture where picture.id = c.picture_id offset 0) as p';
const ofLinks = (rows: string): string => `select p.photo_id from ${rows} l
  cross join lateral (select picture_id from candidate where candidate.id = l.candidate_id offset 0) as c ${PICTURE_OF}`;

/** A trigger that copies the decisions of `rows` to the first links of their photos. */
const decided = (name: string, rows: string, columns: string): string => `
  create function ${name}() returns trigger language plpgsql set enable_seqscan = off as $$
  begin
    update collection_candidate l set ${columns}
    from ${rows} d
      cross join lateral (
        select candidate_id from collection_candidate where first_of = d.photo_id and collection_id = d.collection_id offset 0) as o
      cross join lateral (select wnid from candidate where id = o.candidate_id offset 0) as c
    where l.candidate_id = o.candidate_id and l.collection_id = d.collection_id and c.wnid = d.wnid;
    return null;
  end $$`;

const on = (
  event: string,
  rows: string,
  calls: string,
): string => `create trigger ${calls}_${event} after ${event} on decision
  referencing ${rows} for each statement execute function ${calls}()`;

const STATEMENTS = [
  // first_of: the photo, if this link's candidate is the first of its class, among those that the collection takes, that brought
  // it. decided, p: the newest decision on it, with the beginning of
  // the hash of its rules.
  'alter table collection_candidate add column first_of bigint, add column decided text, add column p double precision',
  `with ${RULES}, firsts as (${firsts(`collection_candidate l join candidate c on c.id = l.candidate_id
     join picture p on p.id = c.picture_id join rules k on k.id = l.collection_id where p.photo_id is not null`).replace(
    'offset 0',
    '',
  )})
   update collection_candidate l set first_of = f.photo_id, decided = f.decided, p = f.p from firsts f
   where l.candidate_id = f.candidate_id and l.collection_id = f.collection_id`,
  'create index collection_candidate_first on collection_candidate (first_of, collection_id) where first_of is not null',
  'create index collection_candidate_rest on collection_candidate (collection_id, candidate_id) where first_of is null',
  'create index collection_candidate_decided on collection_candidate (collection_id, decided, candidate_id) where decided is not null',
  'create index collection_candidate_p on collection_candidate (collection_id, p, candidate_id) include (decided) where p is not null',
  'create index candidate_found on candidate (found_at, id)',
  'create index candidate_refusal on candidate (refusal) where refusal is not null',
  'create index picture_reason on picture (reason) where reason is not null',
  'create index decision_seen on decision (collection_id, confusion_wnid) where confusion_wnid is not null',
  'analyze collection_candidate',
  MARK,
  trigger(
    'photo_tally_picture',
    `select unnest(array[o.photo_id, n.photo_id]) as photo_id from old_rows o join new_rows n using (id)
     where o.photo_id is distinct from n.photo_id or o.licence <> n.licence`,
  ),
  trigger('photo_tally_candidate_new', `select p.photo_id from new_rows c ${PICTURE_OF}`),
  trigger('photo_tally_linked', ofLinks('new_rows')),
  trigger(
    'photo_tally_unlinked',
    ofLinks('old_rows'),
    'array(select first_of from old_rows where first_of is not null)',
  ),
  decided('collection_candidate_decided', 'new_rows', `decided = ${DECIDED}, p = ${P}`),
  decided('collection_candidate_undecided', 'old_rows', 'decided = null, p = null'),
  on('insert', 'new table as new_rows', 'collection_candidate_decided'),
  on('update', 'new table as new_rows', 'collection_candidate_decided'),
  on('delete', 'old table as old_rows', 'collection_candidate_undecided'),
  `create function collection_candidate_decisions_truncated() returns trigger language plpgsql as $$
     begin
       update collection_candidate set decided = null, p = null where decided is not null;
       return null;
     end $$`,
  `create trigger collection_candidate_decisions_truncated after truncate on decision
     for each statement execute function collection_candidate_decisions_truncated()`,
  `create function collection_candidate_rules() returns trigger language plpgsql as $$
     begin
       perform collection_candidate_mark(array(
         select distinct p.photo_id from collection_candidate l join candidate c on c.id = l.candidate_id
           join picture p on p.id = c.picture_id where l.collection_id = new.id and p.photo_id is not null));
       return null;
     end $$`,
  `create trigger collection_candidate_rules after update of definition on collection for each row
     when (old.definition -> 'licences' is distinct from new.definition -> 'licences')
     execute function collection_candidate_rules()`,
];

/** Stores with each link whether its candidate is the first of its photo and class, and what is decided on that photo. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
