import { readRevisions } from '../../../app/export/revisions.ts';
import { requireCollection } from '../../../collection/collection.repository.ts';
import { mayAct } from '../../access.ts';
import type { Site } from '../../dashboard.ts';
import { requireNothingHidden } from '../../desk-of.ts';
import { revisionsPage } from '../../pages.tsx';
import { folderFor } from '../../revision-in-path.ts';
import { HTML, paramOf, type Exchange } from '../../route.ts';

/** Sends the page of a collection's revisions. */
export async function sendRevisions(exchange: Exchange, site: Site): Promise<unknown> {
  await requireNothingHidden(exchange, site);
  const { request, reply, role } = exchange;
  const collection = paramOf(request, 'collection');
  const { workspace } = await site.collections.open(collection);
  await requireCollection(site.app.db, workspace.scope.collectionId, 'its revisions are served');
  const { longWork, revisionChanges, tokens } = site;
  const { shown, all } = await readRevisions(workspace, revisionChanges);
  const page = revisionsPage(
    {
      collection,
      revisions: shown.map((one) => ({ ...one, path: folderFor(role, one.path) })),
      all,
      runningOf: (id) => longWork.of(id),
      canVerify: role !== null && mayAct(role, 'operator') && !longWork.isBusy,
    },
    { hasTokens: tokens.length > 0, role },
  );
  return reply.type(HTML).send(page);
}
