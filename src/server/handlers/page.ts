import { requireCollection } from '../../collection/collection.repository.ts';
import type { Site } from '../dashboard.ts';
import { framedPage, type Page } from '../pages.tsx';
import { HTML, paramOf, type Exchange } from '../route.ts';

/** Sends a page. A collection's page is sent only if the collection can be opened. */
export async function sendPage({ request, reply, role }: Exchange, site: Site, page: Page): Promise<unknown> {
  const collection = paramOf(request, 'collection') || null;
  if (collection !== null) {
    const { workspace } = await site.collections.open(collection);
    await requireCollection(site.app.db, workspace.scope.collectionId, 'its dashboard is served');
  }
  return reply.type(HTML).send(framedPage(page, { collection, role, hasTokens: site.tokens.length > 0 }));
}
