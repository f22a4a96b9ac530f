import { sql, type Kysely } from 'kysely';

/**
 * Photos whose bytes are deleted since every collection has dropped them, while all that is known of them stays; and
 * pictures that are fetched once more for such a photo.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // 'pruning': to be deleted, maybe already gone. Marked before anything is deleted, so that 'stored' always has bytes.
  `alter table photo
     add column bytes_state text not null default 'stored' check (bytes_state in ('stored', 'pruning', 'pruned')),
     add column pruned_at timestamptz,
     add constraint photo_pruned_at check ((bytes_state = 'stored') = (pruned_at is null))`,
  `create index photo_pruned on photo (id) where bytes_state <> 'stored'`,
  `create index photo_pruning on photo (id) where bytes_state = 'pruning'`,

  // The photo whose bytes a waiting picture is to bring back.
  `alter table picture add column refetch_photo_id bigint references photo on delete set null`,
  `create index picture_refetch on picture (refetch_photo_id) where refetch_photo_id is not null`,

  // Whoever settles the picture: what cannot be had again is still the picture of that photo, as it was before.
  `create function picture_refetched() returns trigger language plpgsql as $$
     begin
       if new.state in ('dropped', 'failed') and new.reason <> 'taken-down' then
         new.detail := 'could not be fetched again: ' || new.reason || coalesce(' (' || new.detail || ')', '');
         new.state := 'fetched';
         new.reason := null;
         new.photo_id := old.refetch_photo_id;
       end if;
       new.refetch_photo_id := null;
       return new;
     end $$`,
  `create trigger picture_refetched before update on picture for each row
     when (old.refetch_photo_id is not null and new.state <> 'found') execute function picture_refetched()`,
];
