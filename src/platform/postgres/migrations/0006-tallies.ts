import { sql, type Kysely } from 'kysely';

/**
 * Counts that `status` needs at once, whatever the size of the catalogue, and indexes for what a crawl asks all the time.
 *
 * candidate_tally is what counting all candidates by query, class, source, licence and state would give, kept by triggers
 * in the very transactions that change candidates and pictures: a crash cannot part them. Whoever changes something only
 * adds rows (-1 of the old state, +1 of the new one), so that writers never wait for one another; rows of one kind are
 * folded into one now and then, by whoever adds the 20,000th. The truth is the sum, which folding does not change.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const KEY = 'query_id, wnid, source, licence, refusal, state, reason';

/** Of candidate `c` and its picture `p`. Labels that name no class are any text: they are counted as one. */
const KEY_OF = `c.query_id, case when c.refusal is distinct from 'unknown-class' then c.wnid end as wnid,
  p.source, p.licence, c.refusal, p.state, p.reason`;

/**
 * A statement's trigger: adds the changes that `rows` gives, and folds when it is time. Its plan is kept for as long as the
 * connection lives, however the tables grow: it looks rows up one by one (hence `lateral` and `offset 0`) in an index.
 */
const trigger = (name: string, rows: string): string => `
  create function ${name}() returns trigger language plpgsql set enable_seqscan = off as $$
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

function ofCandidates(rows: string, change: 1 | -1): string {
  return `select ${KEY_OF}, ${change} as change from ${rows} c
    cross join lateral (select * from picture where picture.id = c.picture_id offset 0) as p`;
}

/** What changes nothing that is counted (another try later) cancels out. */
function ofPictures(rows: string, change: 1 | -1): string {
  return `select ${KEY_OF}, ${change} as change from ${rows} p
    cross join lateral (select * from candidate where candidate.picture_id = p.id offset 0) as c`;
}

const STATEMENTS = [
  `create table candidate_tally (
     id bigint generated always as identity,
     query_id bigint,
     wnid text,
     source text not null,
     licence text not null,
     refusal text,
     state text not null,
     reason text,
     count bigint not null
   ) with (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 5000)`,

  // Rows that another one is folding are left to it: nobody waits here.
  `create function candidate_tally_fold() returns void language sql as $$
     with gone as (
       delete from candidate_tally where ctid = any(array(select ctid from candidate_tally for update skip locked))
       returning ${KEY}, count)
     insert into candidate_tally (${KEY}, count)
     select ${KEY}, sum(count) from gone group by ${KEY} having sum(count) <> 0
   $$`,

  trigger('candidate_tally_inserted', ofCandidates('new_rows', 1)),
  trigger('candidate_tally_deleted', ofCandidates('old_rows', -1)),
  trigger('candidate_tally_updated', `${ofCandidates('old_rows', -1)} union all ${ofCandidates('new_rows', 1)}`),
  trigger('candidate_tally_picture', `${ofPictures('old_rows', -1)} union all ${ofPictures('new_rows', 1)}`),
  `create function candidate_tally_truncated() returns trigger language plpgsql as $$
     begin
       delete from candidate_tally;
       return null;
     end $$`,
  // What is counted of a candidate is its picture's: it has to be there still when the candidate goes.
  `create function picture_candidates_first() returns trigger language plpgsql as $$
     begin
       delete from candidate where picture_id = old.id;
       return old;
     end $$`,

  `create trigger candidate_tally_inserted after insert on candidate
     referencing new table as new_rows for each statement execute function candidate_tally_inserted()`,
  `create trigger candidate_tally_updated after update on candidate
     referencing old table as old_rows new table as new_rows for each statement execute function candidate_tally_updated()`,
  `create trigger candidate_tally_deleted after delete on candidate
     referencing old table as old_rows for each statement execute function candidate_tally_deleted()`,
  `create trigger candidate_tally_truncated after truncate on candidate
     for each statement execute function candidate_tally_truncated()`,
  `create trigger candidate_tally_picture after update on picture
     referencing old table as old_rows new table as new_rows for each statement execute function candidate_tally_picture()`,
  `create trigger picture_candidates_first before delete on picture
     for each row execute function picture_candidates_first()`,

  `insert into candidate_tally (${KEY}, count)
   select ${KEY_OF}, count(*) from candidate c join picture p on p.id = c.picture_id
   group by 1, 2, 3, 4, 5, 6, 7`,

  // How much of a source waits to be fetched is asked before each page; the index alone answers.
  `drop index picture_waiting`,
  `create index picture_waiting on picture (source, id) where state = 'found'`,
];
