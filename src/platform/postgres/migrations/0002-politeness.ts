import { sql, type Kysely } from 'kysely';

/**
 * What winnow owes to sites, kept where restarts do not forget it and all workers see it: permits (permit.repository.ts
 * explains the columns' rules) and robots.txt files.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // Times are microseconds since the epoch by one clock, the server's; 0 means never. The arrays hold amounts a bucket,
  // newest first, the first one being the bucket that seen_us falls into. Rows are rewritten with every request, so
  // pages keep room for that (no index but the key: the updates stay in the page).
  `create table permit (
     key text primary key,
     seen_us bigint not null default 0,
     due_us bigint not null default 0,
     requests_day double precision[] not null default '{}',
     bytes_hour double precision[] not null default '{}',
     bytes_day double precision[] not null default '{}',
     held_until_us bigint not null default 0,
     hold_reason text,
     trips integer not null default 0,
     tripped_until_us bigint not null default 0,
     trip_reason text,
     probe_until_us bigint not null default 0,
     check ((trips > 0) = (tripped_until_us > 0))
   ) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500)`,

  // The buckets as they stand at now_us: those that have come since seen_us are empty, the oldest fall off.
  `create function permit_rolled(
     amounts double precision[], seen_us bigint, now_us bigint, bucket_us bigint, buckets integer
   ) returns double precision[] language sql immutable as $$
     select (array_fill(0::double precision, array[least(now_us / bucket_us - seen_us / bucket_us, buckets)::integer])
       || amounts)[1:buckets]
   $$`,

  `create function permit_used(amounts double precision[]) returns double precision language sql immutable as $$
     select coalesce(sum(amount), 0) from unnest(amounts) as amount
   $$`,

  // A position before the first bucket (the clock was set back in between) counts more in the first and less nowhere:
  // counts may err on the site's side only. One past the last bucket is over and done with.
  `create function permit_added(amounts double precision[], place bigint, amount double precision)
   returns double precision[] language sql immutable as $$
     select case
       when place > greatest(cardinality(amounts), 1) or (place < 1 and amount < 0) then amounts
       else amounts[:greatest(place, 1)::integer - 1]
         || greatest(coalesce(amounts[greatest(place, 1)::integer], 0) + amount, 0)
         || amounts[greatest(place, 1)::integer + 1:]
     end
   $$`,

  // Times are milliseconds since the epoch by the workers' clocks; 0 means never. body: the last file that was had, ''
  // if the site answered that there is none, null if it never answered.
  `create table robots (
     origin text primary key,
     body text,
     checked_ms bigint not null default 0,
     expires_ms bigint not null default 0,
     failing_since_ms bigint,
     retry_ms bigint not null default 0,
     claimed_until_ms bigint not null default 0
   )`,
];
