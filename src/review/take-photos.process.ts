import type { Kysely } from 'kysely';
import type { Wnid } from '../kernel/ids.ts';
import type { Database } from '../platform/postgres/database.ts';
import { listedClasses, nextPhotos, type DeskView, type NextPhotos } from './desk.repository.ts';
import type { LeaseRequest } from './desk.ts';
import { subjectKey, type Subject } from './event.ts';
import { addLeases, keepLeases, lockLeases, takenAmong, type FreePhoto } from './lease.repository.ts';

/** So many more photos are looked for than are taken, because other tabs may take some of them at the same time. */
const SPARE = 64;

interface Found {
  readonly photos: readonly FreePhoto[];
  /** Photos that wait: of the classes that were looked at, or of all if `isAll`. */
  readonly open: number;
}

/**
 * Takes the next photos that wait for a reviewer, so that the tab holds as many as it wants. Nobody else gets them before the
 * lease ends. The photos are looked for before the lock is taken, so that tabs do not wait for each other's search.
 */
export async function takePhotos(
  db: Kysely<Database>,
  view: DeskView,
  { leaseMs, ...request }: Omit<LeaseRequest, 'reviewer'> & { readonly leaseMs: number },
): Promise<Found & { readonly lost: readonly Subject[] }> {
  const { client, filter, order, from, isBalanced = false, count, held } = request;
  const { collectionId } = view.scope;
  const holder = { collectionId, reviewer: view.reviewer, client, leaseMs };
  const limitOfSearch = count > held.length ? count + SPARE : 0;
  const wanted = { client, filter, order, from, isBalanced, held, limit: limitOfSearch };
  const found = limitOfSearch === 0 ? NOTHING : await findPhotos(db, view, wanted);
  return db.transaction().execute(async (trx) => {
    await lockLeases(trx, collectionId);
    await keepLeases(trx, holder, held);
    // A page that closes gives its photos back, and reads no answer.
    if (count === 0) return { ...NOTHING, lost: [] };
    const taken = new Set((await takenAmong(trx, holder, [...held, ...found.photos])).map(subjectKey));
    const lost = held.filter((one) => taken.has(subjectKey(one)));
    const limit = Math.max(0, count - held.length + lost.length);
    const free = found.photos.filter((one) => !taken.has(subjectKey(one))).slice(0, limit);
    const isEnough = free.length === limit || found.photos.length < limitOfSearch;
    const next = isEnough ? { ...found, photos: free } : await findPhotos(trx, view, { ...wanted, limit });
    await addLeases(trx, holder, next.photos);
    return { ...next, lost };
  });
}

const NOTHING: Found = { photos: [], open: 0 };

/**
 * Finds the next photos that wait and that no tab holds. It looks at few classes first, and at more only if those have too few
 * photos: to look at all classes of a large collection takes a hundred times as long.
 */
async function findPhotos(db: Kysely<Database>, view: DeskView, wanted: NextPhotos): Promise<Found> {
  if (wanted.isBalanced || wanted.filter.wnid !== undefined) return nextPhotos(db, view, wanted);
  const photos: FreePhoto[] = [];
  let open = 0;
  for await (const wnids of classesFrom(db, view, wanted.from)) {
    const next = await nextPhotos(db, view, { ...wanted, wnids, limit: wanted.limit - photos.length });
    photos.push(...next.photos);
    open += next.open;
    if (photos.length >= wanted.limit) break;
  }
  return { photos, open };
}

/** The classes in the order of the queue: the one that is shown, those after it, those before it; first one, then ever more at once. */
async function* classesFrom(db: Kysely<Database>, view: DeskView, from: Wnid | undefined): AsyncGenerator<Wnid[]> {
  if (from !== undefined) yield [from];
  const others = (await listedClasses(db, view)).filter((wnid) => wnid !== from);
  const after = others.filter((wnid) => wnid > (from ?? ''));
  const inOrder = [...after, ...others.slice(0, others.length - after.length)];
  for (let [at, size] = [0, 1]; at < inOrder.length; at += size, size *= 2) yield inOrder.slice(at, at + size);
}
