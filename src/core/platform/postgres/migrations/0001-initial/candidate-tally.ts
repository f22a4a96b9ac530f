const KEY = 'query_id, wnid, source, licence, refusal, state, reason';

/** The key of candidate `c` and its picture `p`. Labels that name no class can be any text, so they count as one. */
const KEY_OF = `c.query_id, case when c.refusal is distinct from 'unknown-class' then c.wnid end as wnid,
  p.source, p.licence, c.refusal, p.state, p.reason`;

/**
 * A statement trigger. It adds the changes that `rows` gives, and folds when it is time. PostgreSQL keeps its plan as long
 * as the connection lives, even if the tables grow. So the query looks up rows one by one in an index (hence `lateral` and
 * `offset 0`).
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

/** A change that no count depends on (a retry is postponed) cancels out. */
function ofPictures(rows: string, change: 1 | -1): string {
  return `select ${KEY_OF}, ${change} as change from ${rows} p
    cross join lateral (select * from candidate where candidate.picture_id = p.id offset 0) as c`;
}

/**
 * Counts of candidates for `status`, which are immediate for any size of the catalogue: by query, class, source, licence
 * and state. Triggers maintain them in the transactions that change candidates and pictures, so a crash cannot separate the
 * two. A change only adds rows (-1 of the old state, +1 of the new one), so that writers never wait for one another. The
 * statement that adds each 20,000th row folds rows of one kind into one. The count is the sum, which folding does not
 * change.
 */
export const CANDIDATE_TALLY = [
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

  // Skips rows that another transaction is folding, instead of waiting for it.
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
  // Counting a deleted candidate needs its picture, so candidates are deleted before their picture.
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
];
