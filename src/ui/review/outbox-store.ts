import { openDB, type DBSchema } from 'idb';
import type { ActionRef, ReviewActionSent } from '../../review/desk.ts';

/** An action that is not stored on the server yet. */
export interface KeptAction extends ActionRef {
  readonly collection: string;
  readonly reviewer: string;
  readonly action: ReviewActionSent;
  /** Why it is set aside: the server did not take it. Null while it waits. */
  readonly problem: string | null;
}

interface Schema extends DBSchema {
  actions: { key: [client: string, sequence: number]; value: KeptAction };
}

/** What this browser keeps until the server has it: the actions of everybody in all tabs and collections. */
export interface OutboxStore {
  put(kept: KeptAction): Promise<void>;
  remove(actions: readonly ActionRef[]): Promise<void>;
  /** All of them, by client and sequence. */
  actions(): Promise<KeptAction[]>;
}

/** Earlier versions kept actions in the same place and form. The second store of their databases, `clients`, is not used. */
export async function openOutboxStore(): Promise<OutboxStore> {
  const db = await openDB<Schema>('winnow-review', 1, {
    upgrade: (fresh) => void fresh.createObjectStore('actions', { keyPath: ['client', 'sequence'] }),
  });
  return {
    put: async (kept) => {
      const transaction = db.transaction('actions', 'readwrite');
      const put = transaction.store.put(kept);
      // At once, so that the action is kept even if the tab closes now.
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
