import { readShownReport } from '../../../app/report/stored.ts';
import { requireCollection } from '../../../collection/collection.repository.ts';
import { mayAct } from '../../access.ts';
import type { Site } from '../../dashboard.ts';
import { requireNothingHidden } from '../../desk-of.ts';
import { reportPage } from '../../pages.tsx';
import { reportLinks } from '../../report-links.ts';
import { HTML, paramOf, type Exchange } from '../../route.ts';

/** Sends the newest report of a collection, or says how to make one. */
export async function sendReport(exchange: Exchange, site: Site): Promise<unknown> {
  await requireNothingHidden(exchange, site);
  const { request, reply, role } = exchange;
  const collection = paramOf(request, 'collection');
  const { workspace } = await site.collections.open(collection);
  await requireCollection(site.app.db, workspace.scope.collectionId, 'its report is served');
  const { longWork, tokens } = site;
  const shown = await readShownReport(workspace);
  const page = reportPage(
    {
      collection,
      shown,
      running: longWork.of(workKey(collection)),
      canRecompute: role !== null && mayAct(role, 'operator') && !longWork.isBusy,
      linkOf: reportLinks(collection, shown?.report.set.which ?? 'accepted'),
    },
    { hasTokens: tokens.length > 0, role },
  );
  return reply.type(HTML).send(page);
}

/** Names the computation of a collection's report among the work of the server. */
export const workKey = (collection: string): string => `report of ${collection}`;
