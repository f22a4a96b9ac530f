import { sql, type Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { insertKeys, wallUs } from './permit.repository.ts';
import type { SlotGroup } from './permit-keys.ts';

/** Slots limit the requests in flight of a group. Each is a row of `permit` that its owner holds until its lease ends. */

export const SLOT_LEASE_MS = 15_000;

const keysOf = ({ name, count }: SlotGroup): string[] =>
  Array.from({ length: count }, (_, i) => `slot:${name}/${i + 1}`);

/** Takes a free slot, or renews the owner's. False if all are taken. A lease that a clock set back made too long is no lease. */
export async function holdSlot(db: Kysely<Database>, group: SlotGroup, owner: string): Promise<boolean> {
  const keys = keysOf(group);
  await insertKeys(db, keys);
  const result = await sql`
    with clock as materialized (select ${wallUs(undefined)} as now_us),
    free as (
      select key from permit cross join clock
      where key = any(${keys}::text[])
        and (hold_reason = ${owner} or held_until_us not between now_us and now_us + ${SLOT_LEASE_MS * 1000})
      order by (hold_reason = ${owner}) desc nulls last, key limit 1 for update of permit skip locked)
    update permit set held_until_us = now_us + ${SLOT_LEASE_MS * 1000}, hold_reason = ${owner}
    from free cross join clock where permit.key = free.key`.execute(db);
  return result.numAffectedRows === 1n;
}

export async function freeSlot(db: Kysely<Database>, group: SlotGroup, owner: string): Promise<void> {
  await sql`
    update permit set held_until_us = 0, hold_reason = null
    where key = any(${keysOf(group)}::text[]) and hold_reason = ${owner}`.execute(db);
}
