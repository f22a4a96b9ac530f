import { sql, type Kysely } from 'kysely';
import { sha256Of } from '../../tools/sha256.ts';
import { RetryLater } from '../../kernel/errors.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { insertKeys, wallUs, type Permit, type Timed } from './permit.repository.ts';
import { CIRCUIT_PAUSES_US } from './politeness.ts';

/**
 * Pauses of keys that their sites asked for: a hold (Retry-After), or an open circuit (a block). `takePermit` checks both.
 *
 * A circuit is closed at first. A block opens it. When its pause is over it is half-open and lets one request through, the probe.
 * The probe's answer closes it, or opens it for longer.
 */

const MAX_HOLD_US = 30 * 24 * 3_600_000_000;

/**
 * No request gets a permit for `forMs` milliseconds. Of several holds, the one that ends last counts. Permits that were given
 * stay valid. `why`: the site's answer, for people.
 */
export async function holdKey(
  db: Kysely<Database>,
  key: string,
  { forMs, why, nowMs }: Timed & { readonly forMs: number; readonly why: string },
): Promise<void> {
  const forUs = Math.min(Math.ceil(forMs * 1000), MAX_HOLD_US);
  await sql`
    insert into permit (key, held_until_us, hold_reason) values (${key}, ${wallUs(nowMs)} + ${forUs}, ${storable(why)})
    on conflict (key) do update set
      held_until_us = greatest(permit.held_until_us, excluded.held_until_us, permit.seen_us + ${forUs}),
      hold_reason = case when permit.held_until_us > greatest(excluded.held_until_us, permit.seen_us + ${forUs})
        then permit.hold_reason else excluded.hold_reason end`.execute(db);
}

/**
 * Each block in a row gives a longer pause, and never a shorter one than the site asked for. Concurrent requests count as one.
 *
 * @param pause.apiKey the key that the site refused, if the source sends one
 */
export async function tripCircuit(
  db: Kysely<Database>,
  key: string,
  {
    why,
    retryAfterMs = 0,
    apiKey = null,
    nowMs,
  }: Timed & { readonly why: string; readonly retryAfterMs?: number; readonly apiKey?: string | null },
): Promise<{ trips: number; untilMs: number }> {
  const askedUs = Math.min(Math.ceil(retryAfterMs * 1000), MAX_HOLD_US);
  const pauses = CIRCUIT_PAUSES_US.map((pauseUs) => Math.max(pauseUs, askedUs));
  await insertKeys(db, [key]);
  const { rows } = await sql<{ trips: number; tripped_until_us: number }>`
    with clock as materialized (select ${wallUs(nowMs)} as wall_us),
    locked as materialized (select * from permit where key = ${key} for update),
    counted as (
      select greatest(wall_us, seen_us) as now_us,
        case when tripped_until_us > greatest(wall_us, seen_us) then trips else trips + 1 end as trips
      from locked cross join clock)
    update permit set
      trips = counted.trips,
      tripped_until_us = greatest(
        tripped_until_us, now_us + (${pauses}::bigint[])[least(counted.trips, ${pauses.length})]),
      trip_reason = ${storable(why)},
      trip_key = ${hashOf(apiKey)},
      probe_until_us = 0
    from counted where key = ${key}
    returning permit.trips, permit.tripped_until_us`.execute(db);
  const [row] = rows;
  if (row === undefined)
    throw new RetryLater(`Expected to trip ${key} but its row was deleted`, { code: 'permit-unsettled' });
  return { trips: row.trips, untilMs: Math.ceil(row.tripped_until_us / 1000) };
}

/** Call it after a successful request. Does nothing if its permit was not a probe. */
export async function closeCircuit(db: Kysely<Database>, { keys, probes }: Permit): Promise<void> {
  for (const { key, atUs } of keys.filter((permitted) => probes.includes(permitted.key))) {
    await sql`
      update permit set trips = 0, tripped_until_us = 0, trip_reason = null, probe_until_us = 0
      where key = ${key} and tripped_until_us <= ${atUs}`.execute(db);
  }
}

/** Closes a circuit that another API key opened. */
export async function forgiveNewKey(db: Kysely<Database>, key: string, apiKey: string): Promise<void> {
  await sql`
    update permit set trips = 0, tripped_until_us = 0, trip_reason = null, trip_key = null, probe_until_us = 0
    where key = ${key} and trip_key <> ${hashOf(apiKey)}`.execute(db);
}

function hashOf(apiKey: string | null): string | null {
  return apiKey === null ? null : sha256Of(apiKey);
}

export async function usedKeys(db: Kysely<Database>, limit: number, { nowMs }: Timed = {}): Promise<string[]> {
  const { rows } = await sql<{ key: string }>`
    select key from permit where seen_us > 0 or trips > 0 or held_until_us > ${wallUs(nowMs)}
    order by (trips > 0 or held_until_us > ${wallUs(nowMs)}) desc, seen_us desc, key limit ${limit}`.execute(db);
  return rows.map(({ key }) => key);
}

function storable(text: string): string {
  return text.slice(0, 300).replaceAll('\0', '\u{FFFD}');
}
