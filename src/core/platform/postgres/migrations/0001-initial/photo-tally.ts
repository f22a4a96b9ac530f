/** Photos in one page of consecutive ids. PAGE in photo-tally.repository.ts has the same value. */
const PAGE = 1024;

/** A statement trigger that marks the pages of the photos that `ids` gives. */
const trigger = (name: string, ids: string): string => `
  create function ${name}() returns trigger language plpgsql set enable_seqscan = off as $$
  declare
    is_time_to_fold boolean;
  begin
    with added as (
      insert into photo_mark (page) select distinct photo_id / ${PAGE} from (${ids}) as changed where photo_id is not null returning id)
    select bool_or(id % 20000 = 0) into is_time_to_fold from added;
    if is_time_to_fold then
      perform photo_mark_fold();
    end if;
    return null;
  end $$`;

const after = (event: string, table: string, { rows, calls }: { rows: string; calls: string }): string =>
  `create trigger photo_tally_${table}_${event} after ${event} on ${table} referencing ${rows} for each statement execute function ${calls}()`;

const OLD = 'old table as old_rows';
const NEW = 'new table as new_rows';
const BOTH = `${OLD} ${NEW}`;

function ofPictures(rows: string): string {
  return `select p.photo_id from ${rows} c cross join lateral (select photo_id from picture where picture.id = c.picture_id offset 0) as p`;
}

/** The three triggers of a table whose rows name a photo. */
function ofPhotos(table: string): string[] {
  return [
    after('insert', table, { rows: NEW, calls: 'photo_tally_new' }),
    after('update', table, { rows: BOTH, calls: 'photo_tally_both' }),
    after('delete', table, { rows: OLD, calls: 'photo_tally_old' }),
  ];
}

/**
 * Counts of photos for `status`, which are immediate for any size of the catalogue (photo-tally.repository.ts explains how
 * they are read and maintained). A change of what is counted only marks the photo's page, in the same transaction. So
 * writers never wait for one another, and nothing is counted while they write. The tables are unlogged: after a crash all
 * of them are empty, and the pages are counted again.
 */
export const PHOTO_TALLY = [
  // The rules that photos are counted under: a collection's, at the time of a look.
  `create unlogged table photo_scope (
     id integer generated always as identity primary key,
     collection_id integer not null,
     sha256 bytea not null unique,
     read_at timestamptz not null default now()
   )`,
  // Number of photos of each kind in the pages of photo_page.
  `create unlogged table photo_tally (
     scope_id integer not null references photo_scope on delete cascade,
     kind bigint not null,
     wnid text,
     source text,
     query_id bigint,
     state text,
     reason text,
     listed text,
     is_pruned boolean,
     count bigint not null,
     primary key (scope_id, kind)
   ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 5000)`,
  // A page's share of photo_tally, so that it can be subtracted again: kinds, and the number of photos of each.
  `create unlogged table photo_page (
     scope_id integer not null references photo_scope on delete cascade,
     page bigint not null,
     kinds bigint[] not null,
     counts integer[] not null,
     primary key (scope_id, page)
   )`,
  // Pages that have changed since they were counted: one row per change.
  `create unlogged table photo_mark (
     id bigint generated always as identity,
     page bigint not null
   ) with (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 5000)`,

  // Skips rows that another transaction is folding, instead of waiting for it.
  `create function photo_mark_fold() returns void language sql as $$
     with gone as (
       delete from photo_mark where ctid = any(array(select ctid from photo_mark for update skip locked)) returning page)
     insert into photo_mark (page) select distinct page from gone
   $$`,

  trigger('photo_tally_new', 'select photo_id from new_rows'),
  trigger('photo_tally_old', 'select photo_id from old_rows'),
  trigger('photo_tally_both', 'select photo_id from old_rows union all select photo_id from new_rows'),
  trigger(
    'photo_tally_photo',
    'select n.id as photo_id from old_rows o join new_rows n using (id) where n.bytes_state <> o.bytes_state',
  ),
  // A picture that waits to be fetched has no photo.
  trigger(
    'photo_tally_picture',
    `select unnest(array[o.photo_id, n.photo_id]) as photo_id from old_rows o join new_rows n using (id)
     where o.photo_id is distinct from n.photo_id or o.licence <> n.licence`,
  ),
  trigger('photo_tally_candidate_new', ofPictures('new_rows')),
  trigger('photo_tally_candidate_old', ofPictures('old_rows')),
  `create function photo_tally_truncated() returns trigger language plpgsql as $$
     begin
       delete from photo_scope;
       delete from photo_mark;
       return null;
     end $$`,

  ...ofPhotos('decision'),
  ...ofPhotos('shortlist_entry'),
  after('update', 'photo', { rows: BOTH, calls: 'photo_tally_photo' }),
  after('update', 'picture', { rows: BOTH, calls: 'photo_tally_picture' }),
  after('insert', 'candidate', { rows: NEW, calls: 'photo_tally_candidate_new' }),
  after('update', 'candidate', { rows: NEW, calls: 'photo_tally_candidate_new' }),
  after('delete', 'candidate', { rows: OLD, calls: 'photo_tally_candidate_old' }),
  ...['photo', 'picture', 'candidate', 'decision', 'shortlist_entry'].map(
    (table) =>
      `create trigger photo_tally_${table}_truncate after truncate on ${table} for each statement execute function photo_tally_truncated()`,
  ),
];
