import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { sleepUnlessAborted } from '../../runtime/open/outage.process.ts';
import { freeSlot, holdSlot, SLOT_LEASE_MS } from '../sources/slot.repository.ts';
import type { SlotGroup } from '../sources/permit-keys.ts';

const POLL_MS = 50;

/** Releases the slot. */
export type Release = () => Promise<void>;

/**
 * Waits for one of the slots of a group, which all processes share, and keeps it until it is released. If the process dies, the
 * slot is free again when its lease ends. Null if all are taken for longer than `patienceMs`.
 */
export async function slotSoon(
  db: Kysely<Database>,
  group: SlotGroup,
  { signal, patienceMs }: { readonly signal: AbortSignal; readonly patienceMs: number },
): Promise<Release | null> {
  const owner = randomUUID();
  const endMs = performance.now() + patienceMs;
  while (!(await holdSlot(db, group, owner))) {
    if (performance.now() > endMs || signal.aborted) return null;
    await sleepUnlessAborted(POLL_MS, signal);
  }
  // If the database is away, the lease may end. The next request needs the database too.
  const renewal = setInterval(() => void holdSlot(db, group, owner).catch(() => {}), SLOT_LEASE_MS / 3);
  return async () => {
    clearInterval(renewal);
    await freeSlot(db, group, owner);
  };
}
