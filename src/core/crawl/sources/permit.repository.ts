import { sql, type Kysely, type RawBuilder, type Selectable } from 'kysely';
import { RetryLater } from '../../kernel/errors.ts';
import type { Database, PermitTable } from '../../platform/postgres/database.ts';
import { allowLongIdle } from '../../platform/postgres/transactions.ts';
import {
  CLOCK_TOLERANCE_US,
  PROBE_LEASE_US,
  UNUSED_KEY,
  WINDOWS,
  reservationOf,
  spacingOf,
  limitStateOf,
  waitMsOf,
  waitOf,
  type PermitKey,
  type PermitState,
  type LimitState,
  type Wait,
  type RateWindow,
} from './politeness.ts';

/**
 * Permits, which all workers share and which survive restarts. Applies the rules of politeness.ts to the rows of `permit`.
 *
 * Only the database server's clock counts, so workers' clocks do not matter. A key's time never goes back: it is the later of the
 * clock and the key's last permit. If the clock jumps ahead, at most one burst is allowed, and the hourly and daily counts that it
 * jumps over expire. If the clock is set back, no request gets a permit until the clock has caught up. If it is set back by more
 * than two hours, the key moves to the new time with all its debts, as if no time had passed since its last permit.
 */
export interface Timed {
  /** The time to use instead of the server's clock, in milliseconds since the epoch. For tests. */
  readonly nowMs?: number;
}

const MAX_ATTEMPTS = 5;

export interface Permit {
  readonly keys: readonly PermittedKey[];
  /** Keys whose circuits are half-open. This request is their probe, so its result must be reported. */
  readonly probes: readonly string[];
}

interface PermittedKey {
  readonly key: string;
  readonly atUs: number;
  /** Reserved bytes. Null if the key's bytes are not counted. */
  readonly reservedBytes: number | null;
}

export type PermitAnswer =
  | { readonly granted: true; readonly permit: Permit }
  | { readonly granted: false; readonly waitMs: number; readonly why: Wait };

/**
 * Permits one request, or says how long to wait at least before the next attempt. It charges all keys or none. Call it just
 * before the request is sent, outside any transaction. It takes one statement and one round trip (three when a key is first
 * used). Rows are locked in the order of their keys, so that concurrent calls cannot deadlock.
 *
 * @param reserveBytes how many of the keys' bytes to reserve until `settlePermit` reports what was read. With the largest possible
 *   number, the limits hold to the byte. With an estimate, concurrent requests may exceed them by its error, and less stays
 *   charged if a worker is killed
 */
export async function takePermit(
  db: Kysely<Database>,
  keys: readonly PermitKey[],
  { reserveBytes = 0, nowMs }: Timed & { readonly reserveBytes?: number } = {},
): Promise<PermitAnswer> {
  const names = keys.map(({ key }) => key);
  if (new Set(names).size !== names.length) {
    throw new RangeError(`Expected distinct keys for one permit but received ${names.join(', ')}`);
  }
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const rows = await take(db, keys, { reserveBytes, nowMs });
    const waits = waitsOf(rows, keys, reserveBytes);
    if (rows.length < keys.length) await insertKeys(db, names);
    else if (rows.every(({ granted }) => granted)) return { granted: true, permit: permitOf(rows, keys, reserveBytes) };
    else if (waits.some(isSetBack)) await setBack(db, waits.filter(isSetBack), nowMs);
    else if (waits.length > 0) return refusalOf(waits, rows);
  }
  throw new RetryLater(`Expected an answer for a permit of ${names.join(', ')} but its rows changed each time`, {
    code: 'permit-unsettled',
  });
}

type TakenRow = Selectable<PermitTable> & { granted: boolean; wall_us: number; now_us: number };

/**
 * Takes the permit in one statement. It waits for a row's lock before it reads the values: `locked` returns them as the last holder
 * left them, not as of the statement's snapshot. So the second of two concurrent calls sees what the first one took.
 */
async function take(
  db: Kysely<Database>,
  keys: readonly PermitKey[],
  { reserveBytes, nowMs }: { readonly reserveBytes: number; readonly nowMs: number | undefined },
): Promise<TakenRow[]> {
  const { rows } = await sql<TakenRow>`
    with clock as materialized (select ${wallUs(nowMs)} as wall_us),
    asked as (select * from ${askedRows(keys, reserveBytes)}),
    locked as materialized (
      select * from permit where key = any(${keys.map(({ key }) => key)}::text[]) order by key for update),
    timed as (
      select locked.*, wall_us, greatest(wall_us, seen_us) as now_us from locked cross join clock),
    rolled as (
      select timed.*, interval_us, slack_us, requests_per_day, bytes_per_hour, bytes_per_day, reserved,
        ${rolled('requests_day', WINDOWS.requestsPerDay)} as now_requests_day,
        ${rolled('bytes_hour', WINDOWS.bytesPerHour)} as now_bytes_hour,
        ${rolled('bytes_day', WINDOWS.bytesPerDay)} as now_bytes_day
      from timed join asked using (key)),
    verdict as (
      select count(*) = ${keys.length} and bool_and(
          wall_us >= seen_us - ${CLOCK_TOLERANCE_US}
          and due_us <= now_us + slack_us
          and held_until_us <= now_us
          and tripped_until_us <= now_us
          and probe_until_us <= now_us
          and (requests_per_day is null or permit_used(now_requests_day) + 1 <= requests_per_day)
          and (bytes_per_hour is null or permit_used(now_bytes_hour) + reserved <= bytes_per_hour)
          and (bytes_per_day is null or permit_used(now_bytes_day) + reserved <= bytes_per_day)
        ) as granted
      from rolled),
    charged as (
      update permit set
        seen_us = now_us,
        due_us = greatest(rolled.due_us, now_us) + interval_us,
        probe_until_us = case when rolled.trips > 0 then now_us + ${PROBE_LEASE_US} else 0 end,
        requests_day = case when requests_per_day is null then rolled.requests_day
          else permit_added(now_requests_day, 1, 1) end,
        bytes_hour = case when bytes_per_hour is null then rolled.bytes_hour
          else permit_added(now_bytes_hour, 1, reserved) end,
        bytes_day = case when bytes_per_day is null then rolled.bytes_day
          else permit_added(now_bytes_day, 1, reserved) end
      from rolled cross join verdict where permit.key = rolled.key and verdict.granted)
    select timed.*, granted from timed cross join verdict`.execute(db);
  return rows;
}

/**
 * Takes one of a key's places for requests in flight: an advisory lock, which ends with the returned function, or with the
 * connection of a process that dies. Null if none is free.
 */
export function takePlace(db: Kysely<Database>, { key, connections = 0 }: PermitKey): Promise<(() => void) | null> {
  return new Promise((resolve, reject) => {
    db.transaction()
      .execute(async (trx) => {
        const { rows } = await sql`
          select from generate_series(1, ${connections}::int) as i where pg_try_advisory_xact_lock(hashtext(${key}), i) limit 1`.execute(
          trx,
        );
        if (rows.length === 0) return resolve(null);
        await allowLongIdle(trx);
        await new Promise<void>(resolve);
      })
      // An error after the lock was taken changes nothing here: the next statement meets the lost connection.
      .catch(reject);
  });
}

function askedRows(keys: readonly PermitKey[], reserveBytes: number): RawBuilder<unknown> {
  const spacings = keys.map(spacingOf);
  return sql`unnest(
      ${keys.map(({ key }) => key)}::text[],
      ${spacings.map(({ intervalUs }) => intervalUs)}::bigint[],
      ${spacings.map(({ slackUs }) => slackUs)}::bigint[],
      ${keys.map(({ limits }) => limits.requestsPerDay)}::double precision[],
      ${keys.map(({ limits }) => limits.bytesPerHour)}::double precision[],
      ${keys.map(({ limits }) => limits.bytesPerDay)}::double precision[],
      ${keys.map(({ limits }) => reservationOf(limits, reserveBytes) ?? 0)}::double precision[]
    ) as asked (key, interval_us, slack_us, requests_per_day, bytes_per_hour, bytes_per_day, reserved)`;
}

function rolled(column: string, { bucketUs, buckets }: RateWindow): RawBuilder<number[]> {
  return sql`permit_rolled(${sql.ref(column)}, seen_us, now_us, ${bucketUs}, ${buckets})`;
}

function permitOf(rows: readonly TakenRow[], keys: readonly PermitKey[], reserveBytes: number): Permit {
  const times = new Map(rows.map(({ key, now_us }) => [key, now_us]));
  return {
    keys: keys.map(({ key, limits }) => ({
      key,
      atUs: times.get(key) ?? 0,
      reservedBytes: reservationOf(limits, reserveBytes),
    })),
    probes: rows.filter(({ trips }) => trips > 0).map(({ key }) => key),
  };
}

function waitsOf(rows: readonly TakenRow[], keys: readonly PermitKey[], reserveBytes: number): Wait[] {
  const limits = new Map(keys.map((asked) => [asked.key, asked]));
  return rows.flatMap((row) => {
    const asked = limits.get(row.key);
    return (asked && waitOf(asked, toState(row), { nowUs: row.wall_us, reserveBytes })) ?? [];
  });
}

function refusalOf(waits: readonly Wait[], rows: readonly TakenRow[]): PermitAnswer {
  const why = waits.reduce((longest, wait) => (wait.untilUs > longest.untilUs ? wait : longest));
  return { granted: false, waitMs: waitMsOf(why, rows[0]?.wall_us ?? 0), why };
}

const isSetBack = ({ reason }: Wait): boolean => reason === 'clock-set-back';

export async function insertKeys(db: Kysely<Database>, keys: readonly string[]): Promise<void> {
  await sql`
    insert into permit (key) select key from unnest(${keys}::text[]) as key order by key
    on conflict (key) do nothing`.execute(db);
}

/** Moves keys that are far ahead of the clock back to it. Their buckets move too, because they are counted from `seen_us`. */
async function setBack(db: Kysely<Database>, waits: readonly Wait[], nowMs: number | undefined): Promise<void> {
  for (const { key } of waits) {
    await sql`
      with clock as materialized (select ${wallUs(nowMs)} as wall_us)
      update permit set
        seen_us = wall_us,
        due_us = greatest(due_us - (seen_us - wall_us), 0),
        held_until_us = greatest(held_until_us - (seen_us - wall_us), 0),
        tripped_until_us = case when trips = 0 then 0 else greatest(tripped_until_us - (seen_us - wall_us), 1) end,
        probe_until_us = greatest(probe_until_us - (seen_us - wall_us), 0)
      from clock where key = ${key} and wall_us < seen_us - ${CLOCK_TOLERANCE_US}`.execute(db);
  }
}

/** Replaces the reserved bytes by those that were read. If the worker is killed before, the reserved bytes stay charged. */
export async function settlePermit(db: Kysely<Database>, { keys }: Permit, bytes: number): Promise<void> {
  for (const { key, atUs, reservedBytes } of keys) {
    if (reservedBytes === null || reservedBytes === bytes) continue;
    const difference = bytes - reservedBytes;
    await sql`
      update permit set
        bytes_hour = ${settled('bytes_hour', { ...WINDOWS.bytesPerHour, atUs, difference })},
        bytes_day = ${settled('bytes_day', { ...WINDOWS.bytesPerDay, atUs, difference })}
      where key = ${key}`.execute(db);
  }
}

/** Adds the difference to a column. Bytes without a limit (an empty array) stay uncounted. */
function settled(
  column: string,
  { bucketUs, atUs, difference }: { bucketUs: number; atUs: number; difference: number },
): RawBuilder<number[]> {
  const place = sql`seen_us / ${bucketUs} - ${Math.floor(atUs / bucketUs)} + 1`;
  return sql`case when ${sql.ref(column)} = '{}' then '{}' else permit_added(${sql.ref(column)}, ${place}, ${difference}) end`;
}

/** The current state of some keys, in the given order: the rest of each limit, when the next permit is due, and why it waits. */
export async function readLimitStates(
  db: Kysely<Database>,
  keys: readonly PermitKey[],
  { nowMs }: Timed = {},
): Promise<LimitState[]> {
  const { rows } = await sql<Selectable<PermitTable> & { wall_us: number }>`
    select permit.*, wall_us from (select ${wallUs(nowMs)} as wall_us) as clock
      left join permit on key = any(${keys.map(({ key }) => key)}::text[])`.execute(db);
  const states = new Map(rows.map((row) => [row.key, toState(row)]));
  const nowUs = rows[0]?.wall_us ?? 0;
  return keys.map((asked) => limitStateOf(asked, states.get(asked.key) ?? UNUSED_KEY, nowUs));
}

/** Deletes keys that have no counts or pauses any more. There may be thousands of hosts. */
export async function deleteIdleKeys(db: Kysely<Database>, { nowMs }: Timed = {}): Promise<void> {
  const longestUs = WINDOWS.bytesPerDay.bucketUs * WINDOWS.bytesPerDay.buckets;
  await sql`
    delete from permit where trips = 0
      and greatest(seen_us + ${longestUs}, due_us, held_until_us) < ${wallUs(nowMs)}`.execute(db);
}

export function wallUs(nowMs: number | undefined): RawBuilder<number> {
  if (nowMs !== undefined) return sql`${Math.round(nowMs * 1000)}::bigint`;
  return sql`(extract(epoch from clock_timestamp()) * 1000000)::bigint`;
}

function toState(row: Selectable<PermitTable>): PermitState {
  return {
    seenUs: row.seen_us,
    dueUs: row.due_us,
    requestsDay: row.requests_day,
    bytesHour: row.bytes_hour,
    bytesDay: row.bytes_day,
    heldUntilUs: row.held_until_us,
    holdReason: row.hold_reason,
    trips: row.trips,
    trippedUntilUs: row.tripped_until_us,
    tripReason: row.trip_reason,
    probeUntilUs: row.probe_until_us,
  };
}
