import { openDB, type DBSchema } from 'idb';
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

/** Databases of earlier versions hold actions in the same form, and an unused second store, `clients`. */
export async function openOutboxStore(): Promise<OutboxStore> {
  const db = await openDB<Schema>(ownName('winnow-review'), 1, {
    upgrade: (fresh) => void fresh.createObjectStore('actions', { keyPath: ['client', 'sequence'] }),
  });
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
