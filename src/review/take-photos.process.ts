import type { Kysely, Transaction } from 'kysely';
import type { Wnid } from '../kernel/ids.ts';
import type { Database } from '../platform/postgres/database.ts';
import { nextPhotos, type DeskView, type NextPhotos } from './desk.repository.ts';
import type { LeaseRequest } from './desk.ts';
import type { Subject } from './event.ts';
import { addLeases, keepLeases, lockLeases, takenAmong } from './lease.repository.ts';

/**
 * Takes the next photos that wait for a reviewer, so that the tab holds as many as it wants. Nobody else gets them before the
 * lease ends.
 */
export async function takePhotos(
  db: Kysely<Database>,
  view: DeskView,
  { leaseMs, ...request }: Omit<LeaseRequest, 'reviewer'> & { readonly leaseMs: number },
): Promise<{ readonly photos: readonly Subject[]; readonly open: number; readonly lost: readonly Subject[] }> {
  const { client, filter, order, from, isBalanced = false, count, held } = request;
  const { collectionId } = view.scope;
  const holder = { collectionId, reviewer: view.reviewer, client, leaseMs };
  return db.transaction().execute(async (trx) => {
    await lockLeases(trx, collectionId);
    await keepLeases(trx, holder, held);
    // A page that closes gives its photos back, and reads no answer.
    if (count === 0) return { photos: [], open: 0, lost: [] };
    const lost = await takenAmong(trx, holder, held);
    const limit = Math.max(0, count - held.length + lost.length);
    const wanted = { client, filter, order, from, isBalanced, limit };
    // A class mostly has enough. To look at all classes of a large collection takes a hundred times as long.
    const ofClass = isBalanced || from === undefined ? null : await ofOneClass(trx, view, { ...wanted, from });
    const next = ofClass?.photos.length === limit ? ofClass : await nextPhotos(trx, view, wanted);
    await addLeases(trx, holder, next.photos);
    return { ...next, lost };
  });
}

async function ofOneClass(trx: Transaction<Database>, view: DeskView, wanted: NextPhotos & { readonly from: Wnid }) {
  const { wnid = wanted.from } = wanted.filter;
  return wnid === wanted.from ? nextPhotos(trx, view, { ...wanted, filter: { ...wanted.filter, wnid } }) : null;
}
