import type { Kysely } from 'kysely';
import type { Wnid } from '../../kernel/ids.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { listedClasses, nextPhotos, type NextPhotos } from './desk.repository.ts';
import { endHeld, heldByOthers } from './held.repository.ts';
import type { DeskView } from './known-photos.repository.ts';
import type { LeaseAnswer, LeaseRequest } from './desk.ts';
import { subjectKey } from '../events/event.ts';
import { addLeases, endTabs, keepLeases, lockLeases, takenAmong, type FreePhoto } from './lease.repository.ts';

/** Extra photos to look for, because other tabs may take some of them at the same time. */
const SPARE = 64;

interface Found {
  readonly photos: readonly FreePhoto[];
  /** True if there are no other free photos. */
  readonly isAll: boolean;
}

/**
 * No other tab gets the photos before the lease ends. They are looked for before the lock is taken, so that tabs do not
 * wait for each other's search.
 */
export async function takePhotos(
  db: Kysely<Database>,
  view: DeskView,
  { leaseMs, ...request }: Omit<LeaseRequest, 'reviewer'> & { readonly leaseMs: number },
): Promise<Pick<LeaseAnswer, 'heldByOthers' | 'lost'> & Pick<Found, 'photos'>> {
  const { client, filter, order, from, isBalanced = false, count, held, gone = [], take } = request;
  const { collectionId } = view.scope;
  const holder = { collectionId, reviewer: view.reviewer, client, leaseMs };
  const wanted = { client, filter, order, from, isBalanced, held, least: count - held.length };
  if (gone.length > 0) await endTabs(db, view.reviewer, gone);
  if (take !== undefined) await endHeld(db, view, { ...wanted, leaseMs, take });
  const found = wanted.least > 0 ? await findPhotos(db, view, wanted) : NOTHING;
  return db.transaction().execute(async (trx) => {
    await lockLeases(trx, collectionId);
    await keepLeases(trx, holder, held);
    // A page that closes gives its photos back, and reads no answer.
    if (count === 0) return { photos: [], heldByOthers: [], lost: [] };
    const taken = new Set((await takenAmong(trx, holder, [...held, ...found.photos])).map(subjectKey));
    const lost = held.filter((one) => taken.has(subjectKey(one)));
    const limit = Math.max(0, count - held.length + lost.length);
    const free = found.photos.filter((one) => !taken.has(subjectKey(one))).slice(0, limit);
    const isEnough = free.length === limit || found.isAll;
    const next = isEnough ? { ...found, photos: free } : await findPhotos(trx, view, { ...wanted, least: limit });
    const photos = next.photos.slice(0, limit);
    await addLeases(trx, holder, photos);
    const isNone = limit > 0 && photos.length === 0;
    return { photos, heldByOthers: isNone ? await heldByOthers(trx, view, { ...wanted, leaseMs }) : [], lost };
  });
}

const NOTHING: Found = { photos: [], isAll: false };

interface Search extends Omit<NextPhotos, 'limit'> {
  readonly least: number;
}

/** Looks at few classes first: to look at all classes of a large collection takes a hundred times as long. */
async function findPhotos(db: Kysely<Database>, view: DeskView, { least, ...search }: Search): Promise<Found> {
  const wanted = { ...search, limit: least + SPARE };
  if (search.isBalanced || search.filter.wnid !== undefined) {
    const photos = await nextPhotos(db, view, wanted);
    return { photos, isAll: photos.length < wanted.limit };
  }
  const photos: FreePhoto[] = [];
  for await (const wnids of classesFrom(db, view, search.from)) {
    photos.push(...(await nextPhotos(db, view, { ...wanted, wnids })));
    if (photos.length >= least) return { photos, isAll: false };
  }
  return { photos, isAll: true };
}

/** The classes in queue order: the one that is shown, those after it, those before it. First one, then ever more at once. */
async function* classesFrom(db: Kysely<Database>, view: DeskView, from: Wnid | undefined): AsyncGenerator<Wnid[]> {
  if (from !== undefined) yield [from];
  const others = (await listedClasses(db, view)).filter((wnid) => wnid !== from);
  const after = others.filter((wnid) => wnid > (from ?? ''));
  const inOrder = [...after, ...others.slice(0, others.length - after.length)];
  for (let [at, size] = [0, 1]; at < inOrder.length; at += size, size *= 2) yield inOrder.slice(at, at + size);
}
