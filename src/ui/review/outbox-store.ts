import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { ActionRef, ReviewActionSent } from '../../review/desk.ts';

/** Whose actions: one tab of one reviewer in one collection. */
export interface Client {
  readonly client: string;
  readonly collection: string;
  readonly reviewer: string;
}

/** An action that is not stored on the server yet. */
export interface KeptAction extends Client {
  readonly sequence: number;
  readonly action: ReviewActionSent;
  /** Why it is set aside: the server did not take it. Null while it waits. */
  readonly problem: string | null;
}

interface Schema extends DBSchema {
  /** `next`: the sequence number of the tab's next action. It outlives the actions, so that no number is used twice. */
  clients: { key: string; value: Client & { readonly next: number } };
  actions: { key: [client: string, sequence: number]; value: KeptAction };
}

/** What this browser keeps until the server has it. All tabs share it. */
export interface OutboxStore {
  /** The next sequence number of a client; null if the client is unknown here or was another reviewer's. */
  nextOf(client: Client): Promise<number | null>;
  /** Keeps an action, and the client with the next number. */
  add(kept: KeptAction): Promise<void>;
  /** Forgets actions that the server has. */
  remove(actions: readonly ActionRef[]): Promise<void>;
  /** Keeps a changed `problem`. */
  put(kept: KeptAction): Promise<void>;
  /** The actions of everybody in all tabs and collections, by client and sequence. */
  actions(): Promise<KeptAction[]>;
}

export async function openOutboxStore(): Promise<OutboxStore> {
  const db = await openDB<Schema>('winnow-review', 1, {
    upgrade(fresh) {
      fresh.createObjectStore('clients', { keyPath: 'client' });
      fresh.createObjectStore('actions', { keyPath: ['client', 'sequence'] });
    },
  });
  return {
    nextOf: async ({ client, collection, reviewer }) => {
      const known = await db.get('clients', client);
      return known?.collection === collection && known.reviewer === reviewer ? known.next : null;
    },
    add: (kept) => add(db, kept),
    remove: async (actions) => {
      const { store, done } = db.transaction('actions', 'readwrite');
      await Promise.all([...actions.map(({ client, sequence }) => store.delete([client, sequence])), done]);
    },
    put: async (kept) => {
      await db.put('actions', kept);
    },
    actions: () => db.getAll('actions'),
  };
}

async function add(db: IDBPDatabase<Schema>, kept: KeptAction): Promise<void> {
  const { client, collection, reviewer, sequence } = kept;
  const transaction = db.transaction(['actions', 'clients'], 'readwrite');
  const put = [
    transaction.objectStore('actions').put(kept),
    transaction.objectStore('clients').put({ client, collection, reviewer, next: sequence + 1 }),
    transaction.done,
  ];
  // At once, so that the action is kept even if the tab closes now.
  transaction.commit();
  await Promise.all(put);
}
