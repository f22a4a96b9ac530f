/**
 * A tab owns its client id by a Web Lock, which the browser releases when the page is gone. Browsers offer locks to pages from
 * https or this machine only. Without locks each page takes a new id.
 */
const locks = (): LockManager | undefined => (navigator as Partial<Navigator>).locks;

const lockName = (client: string): string => `winnow-review-client ${client}`;

/** A page that is loaded again gets its lock back within this time. */
const OWN_WITHIN_MS = 1_000;

/**
 * Takes a client id for as long as the page is open: the one that this tab had before, or a new one. The tab does not get its
 * old id back if another page has it, because a tab was duplicated, or if `isKnown` refuses it.
 */
export async function takeClientId(collection: string, isKnown: (client: string) => Promise<boolean>): Promise<string> {
  const place = `winnow-review-client ${collection}`;
  const before = sessionStorage.getItem(place);
  if (before !== null && (await isKnown(before)) && (await own(before))) return before;
  const client = newClientId();
  await own(client);
  sessionStorage.setItem(place, client);
  return client;
}

/** 32 hex digits. `crypto.randomUUID` exists only where locks do. */
function newClientId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function own(client: string): Promise<boolean> {
  const manager = locks();
  if (manager === undefined) return false;
  return new Promise((resolve) => {
    manager
      .request(lockName(client), { signal: AbortSignal.timeout(OWN_WITHIN_MS) }, () => {
        resolve(true);
        // The lock is held until the page is gone.
        return new Promise<never>(() => {});
      })
      .catch(() => resolve(false));
  });
}
