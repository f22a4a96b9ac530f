import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { ownName } from '../../base-path.ts';
import type { ActionRef, ReviewActionSent } from '../../../../core/review/desk/desk.ts';
import type { StaleSubject } from '../../../../core/review/events/stale.ts';

export interface KeptAction extends ActionRef {
  readonly collection: string;
  readonly reviewer: string;
  readonly action: ReviewActionSent;
  /** Why the server refused the action, which is then set aside; `null` while it waits. */
  readonly problem: string | null;
  /** The photos on which the server refused it, because their author had not seen what others did. It waits for an answer. */
  readonly stale?: readonly StaleSubject[];
  /** True if the server stored no part of the refused action. */
  readonly isWhole?: boolean;
}

interface Schema extends DBSchema {
  actions: { key: [client: string, sequence: number]; value: KeptAction };
}

export interface OutboxStore {
  put(kept: KeptAction): Promise<void>;
  remove(actions: readonly ActionRef[]): Promise<void>;
  actions(): Promise<KeptAction[]>;
}

const NAME = 'winnow-review';

/** Databases of earlier versions hold actions in the same form, and an unused second store, `clients`. */
function openActions(name: string): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>(name, 1, {
    upgrade: (fresh) => void fresh.createObjectStore('actions', { keyPath: ['client', 'sequence'] }),
  });
}

/** Counts the actions that wait in this browser for a winnow at another path of this site: `server.basePath` may have changed. @param to moves them there */
export async function countElsewhere(to: OutboxStore | null = null): Promise<number> {
  const names = (await indexedDB.databases()).flatMap(({ name }) => name ?? []);
  let count = 0;
  for (const name of names.filter((one) => /^winnow-review(?:\/|$)/.test(one) && one !== ownName(NAME))) {
    const db = await openActions(name);
    for (const kept of await db.getAll('actions')) {
      count += 1;
      await to?.put(kept);
      if (to !== null) await db.delete('actions', [kept.client, kept.sequence]);
    }
    db.close();
  }
  return count;
}

export async function openOutboxStore(): Promise<OutboxStore> {
  const db = await openActions(ownName(NAME));
  return {
    put: async (kept) => {
      const transaction = db.transaction('actions', 'readwrite');
      const put = transaction.store.put(kept);
      // Commit now, so that the action is kept even if the tab closes.
      transaction.commit();
      await Promise.all([put, transaction.done]);
    },
    remove: async (actions) => {
      const { store, done } = db.transaction('actions', 'readwrite');
      await Promise.all([...actions.map(({ client, sequence }) => store.delete([client, sequence])), done]);
    },
    actions: () => db.getAll('actions'),
  };
}

/** Runs the work under a lock shared by all tabs, if the browser has locks. */
export async function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const locks: LockManager | undefined = (navigator as Partial<Navigator>).locks;
  return locks === undefined ? work() : await locks.request(ownName('winnow-review-sender'), work);
}
