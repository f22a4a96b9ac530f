import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // Sources that the last crawl of a collection gave up. until: when the site may be asked again, if it said so.
  `create table stopped_source (
     collection_id integer not null references collection on delete cascade,
     source text not null,
     reason text not null,
     error text not null,
     host text not null,
     at timestamptz not null default clock_timestamp(),
     until timestamptz,
     primary key (collection_id, source)
   )`,
  // completed_at: when a search was last listed to its end. resume: where it goes on if it is made again; null for its beginning.
  `alter table query add column completed_at timestamptz, add column resume jsonb`,
  `update query set completed_at = updated_at where kind = 'search' and state = 'done'`,
  // crawl.limitPerClass of the last crawl that searched sites. null: none.
  `alter table collection add column limit_per_class bigint`,
  // The hash of the API key that the site refused.
  `alter table permit add column trip_key text`,
];

/** Stores which sources a crawl gave up, its limit, when searches were completed and where they go on, and which API key was refused. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
