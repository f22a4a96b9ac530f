import { openDB, type DBSchema } from 'idb';
import { ownName } from '../../base-path.ts';

interface Schema extends DBSchema {
  tabs: { key: string; value: { readonly reviewer: string } };
}

const lockOf = (client: string): string => `winnow-review-tab ${client}`;

/**
 * Finds tabs of a reviewer in this browser that ended without giving their photos back, as in a crash. A tab has a lock until it
 * ends, and a record for longer. Pages from http on another machine have no locks: there nobody can tell which tabs ended, and
 * their photos wait until the lease runs out.
 */
export async function openTabs({ client, reviewer }: { readonly client: string; readonly reviewer: string }) {
  const db = await openDB<Schema>(ownName('winnow-review-tabs'), 1, {
    upgrade: (fresh) => void fresh.createObjectStore('tabs'),
  });
  const locks: LockManager | undefined = (navigator as Partial<Navigator>).locks;
  const forever = new Promise(() => {});
  if (locks !== undefined)
    await new Promise((begin) => void locks.request(lockOf(client), () => (begin(null), forever)));
  await db.put('tabs', { reviewer }, client);
  return {
    gone: async (): Promise<readonly string[]> => {
      if (locks === undefined) return [];
      const [clients, records] = await Promise.all([db.getAllKeys('tabs'), db.getAll('tabs')]);
      const held = new Set((await locks.query()).held?.map(({ name }) => name));
      return clients.filter((one, i) => one !== client && records[i]?.reviewer === reviewer && !held.has(lockOf(one)));
    },
    forget: async (clients: readonly string[]): Promise<void> => {
      await Promise.all(clients.map((one) => db.delete('tabs', one)));
    },
  };
}
