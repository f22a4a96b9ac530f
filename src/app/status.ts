import { funnelOf, type Funnel } from '../report/funnel.ts';
import { countCandidates, countPhotos } from '../report/funnel.repository.ts';
import type { Workspace } from './workspace.ts';

/** The collection's funnel as the catalogue has it at one moment. */
export async function readFunnel({ app, scope, collection }: Workspace): Promise<Funnel> {
  const classes = scope.wnids.map((wnid) => ({ wnid, name: collection.classes.nameByWnid.get(wnid) ?? wnid }));
  // One snapshot for both counts, or a running crawl would make the sums fail.
  const [candidates, photos] = await app.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => [await countCandidates(trx, scope), await countPhotos(trx, scope)] as const);
  return funnelOf({ collection: collection.name, mode: collection.mode, classes }, candidates, photos);
}
