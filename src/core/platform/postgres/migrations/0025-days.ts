import { sql, type Kysely } from 'kysely';

const KEY = 'collection_id, day, kind';
const dayOf = (time: string): string => `(${time} at time zone 'UTC')::date`;

const ofLinks = (rows: string, change: 1 | -1): string =>
  `select l.collection_id, ${dayOf('c.found_at')} as day, 'found' as kind, ${change} as change from ${rows} l
    cross join lateral (select found_at from candidate where candidate.id = l.candidate_id offset 0) as c`;
const ofDecisions = (rows: string, change: 1 | -1): string =>
  `select d.collection_id, ${dayOf('d.decided_at')} as day, 'decided' as kind, ${change} as change from ${rows} d`;

/** A statement trigger like those of `0001-initial/candidate-tally.ts`, which explains why it only adds rows, and folds. */
const trigger = (name: string, rows: string): string => `
  create function ${name}() returns trigger language plpgsql set enable_seqscan = off as $$
  declare
    is_time_to_fold boolean;
  begin
    with added as (
      insert into day_tally (${KEY}, count)
      select ${KEY}, sum(change) from (${rows}) as changes group by ${KEY} having sum(change) <> 0
      returning id)
    select bool_or(id % 1000 = 0) into is_time_to_fold from added;
    if is_time_to_fold then
      perform day_tally_fold();
    end if;
    return null;
  end $$`;

const on = (event: string, table: string, calls: string): string => {
  const rows = { insert: 'new table as new_rows', delete: 'old table as old_rows' }[event];
  return `create trigger ${calls} after ${event} on ${table}
    referencing ${rows ?? 'old table as old_rows new table as new_rows'} for each statement execute function ${calls}()`;
};

const truncated = (table: string, kind: string): string[] => [
  `create function day_tally_${kind}_truncated() returns trigger language plpgsql as $$
     begin
       delete from day_tally where kind = '${kind}';
       return null;
     end $$`,
  `create trigger day_tally_truncated after truncate on ${table} for each statement execute function day_tally_${kind}_truncated()`,
];

const STATEMENTS = [
  // Photos found and decided, by collection and day (UTC): the sum of the rows. Folding leaves one row for each.
  `create table day_tally (
     id bigint generated always as identity,
     collection_id integer not null,
     day date not null,
     kind text not null check (kind in ('found', 'decided')),
     count bigint not null
   ) with (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 1000)`,
  `insert into day_tally (${KEY}, count)
   select ${KEY}, sum(change) from (${ofLinks('collection_candidate', 1)} union all ${ofDecisions('decision', 1)}) as all_rows
   group by ${KEY}`,
  `create function day_tally_fold() returns void language sql as $$
     with gone as (
       delete from day_tally where ctid = any(array(select ctid from day_tally for update skip locked))
       returning ${KEY}, count)
     insert into day_tally (${KEY}, count) select ${KEY}, sum(count) from gone group by ${KEY} having sum(count) <> 0
   $$`,
  trigger('day_tally_linked', ofLinks('new_rows', 1)),
  trigger('day_tally_unlinked', ofLinks('old_rows', -1)),
  trigger('day_tally_decided', ofDecisions('new_rows', 1)),
  trigger('day_tally_decided_again', `${ofDecisions('old_rows', -1)} union all ${ofDecisions('new_rows', 1)}`),
  trigger('day_tally_undecided', ofDecisions('old_rows', -1)),
  on('insert', 'collection_candidate', 'day_tally_linked'),
  on('delete', 'collection_candidate', 'day_tally_unlinked'),
  on('insert', 'decision', 'day_tally_decided'),
  on('update', 'decision', 'day_tally_decided_again'),
  on('delete', 'decision', 'day_tally_undecided'),
  ...truncated('collection_candidate', 'found'),
  ...truncated('decision', 'decided'),

  // The day (UTC) on which a photo became accepted; null while it is not. Counts of verdicts are grouped by it.
  'alter table verdict add column accepted_on date',
  `update verdict v set accepted_on = e.day from (
     select collection_id, wnid, sha256, max(${dayOf('at')}) as day from review_event
     where kind in ('verdict', 'import', 'adjudicate', 'undo', 'redo') group by 1, 2, 3) as e
   where v.state = 'accepted' and e.collection_id = v.collection_id and e.wnid = v.wnid and e.sha256 = v.sha256`,
];

/** Adds the numbers of photos found, decided and accepted on each day. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
