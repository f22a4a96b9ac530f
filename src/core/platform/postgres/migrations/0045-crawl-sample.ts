import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // The sample that was drawn last. strata: name, photos, drawn and a sum over the members' hashes of each.
  `create table crawl_sample (
     collection_id integer primary key references collection on delete cascade,
     seed text not null,
     wanted integer not null,
     decision_sha256 bytea not null,
     strata jsonb not null,
     drawn_at timestamptz not null default now())`,
  // stratum: null if an earlier sample had the photo, and the last one has not.
  `create table crawl_draw (
     collection_id integer not null references collection on delete cascade,
     wnid text not null,
     photo_id bigint not null references photo on delete cascade,
     stratum text check (stratum in ('left-out', 'correct', 'confident')),
     primary key (collection_id, wnid, photo_id))`,
  `create index crawl_draw_photo on crawl_draw (photo_id)`,
  // crawl-sample: reviewed among the listed photos, and never listed. If the filter keeps it, the reason tells why it is left out.
  `alter table shortlist_entry drop constraint shortlist_entry_state_check`,
  `alter table shortlist_entry add constraint shortlist_entry_state_check check (state in ('listed', 'left-out', 'control', 'crawl-sample'))`,
  `drop index shortlist_entry_control`,
  `create index shortlist_entry_blind on shortlist_entry (collection_id) where state in ('control', 'crawl-sample')`,
];

/** Adds the photos that are drawn from the crawl to estimate the accuracy on it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
