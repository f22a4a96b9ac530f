import { requireCollection } from '../../collection/collection.repository.ts';
import { hasTokens } from '../access.ts';
import type { Site } from '../dashboard.ts';
import { framedPage, logInPage, type Page } from '../pages.tsx';
import { paramOf, type Exchange } from '../route.ts';

/** A page; one of a collection only if the collection can be opened. */
export async function sendPage({ request, reply, role }: Exchange, site: Site, page: Page): Promise<unknown> {
  const collection = paramOf(request, 'collection');
  if (collection !== '') {
    const { workspace } = await site.collections.open(collection);
    await requireCollection(site.app.db, workspace.scope.collectionId, 'its dashboard is served');
  }
  const options = { collection: collection === '' ? null : collection, role, hasTokens: hasTokens(site.tokens) };
  const html = page.script === null ? logInPage(null) : framedPage(page, options);
  return reply.header('content-type', 'text/html; charset=utf-8').send(html);
}
