import { requireCollection } from '../../collection/collection.repository.ts';
import { hasTokens, roleOfToken, sessionCookie, sessionFor } from '../access.ts';
import { MEDIA_TYPES } from '../assets.ts';
import type { Site } from '../dashboard.ts';
import { framedPage, logInPage, type Page } from '../pages.tsx';
import { ROOT } from '../queue-pages.ts';
import { paramOf, wantsPage, type Exchange } from '../route.ts';

const HTML = 'text/html; charset=utf-8';

/** A page; one of a collection only if the collection can be opened. */
export async function sendPage({ request, reply, role }: Exchange, site: Site, page: Page): Promise<unknown> {
  const collection = paramOf(request, 'collection') || null;
  if (collection !== null) {
    const { workspace } = await site.collections.open(collection);
    await requireCollection(site.app.db, workspace.scope.collectionId, 'its dashboard is served');
  }
  return reply.type(HTML).send(framedPage(page, { collection, role, hasTokens: hasTokens(site.tokens) }));
}

/** A script or style of the pages. No secret is in them, and the page to log in needs them. */
export async function sendAsset({ request, reply }: Exchange, { assets }: Site): Promise<unknown> {
  const name = paramOf(request, 'name');
  const [bytes, mediaType] = [assets.get(name), MEDIA_TYPES[name.replace(/^.*\./, '')]];
  if (bytes === undefined || mediaType === undefined) return reply.callNotFound();
  return reply.type(mediaType).header('cache-control', 'no-cache').send(bytes);
}

/** A page, a file or data of bull-board. */
export async function sendQueues(exchange: Exchange, { queues }: Site): Promise<unknown> {
  const at = exchange.request.url.split('?', 1)[0]?.slice(ROOT.length) ?? '';
  if (at === '') return exchange.reply.redirect(`${ROOT}/`, 303);
  return queues.answer(exchange, at);
}

/** The form to log in. */
export async function sendLogIn({ reply }: Exchange): Promise<unknown> {
  return reply.type(HTML).send(logInPage(null));
}

/** A session for a token. */
export async function logIn({ request, reply }: Exchange, { tokens, nowMs }: Site): Promise<unknown> {
  const role = roleOfToken(tokenIn(request.body), tokens);
  if (role !== null)
    return reply.header('set-cookie', sessionCookie(sessionFor(role, tokens, nowMs()))).redirect('/', 303);
  const error = 'That is no token of this server';
  if (!wantsPage(request)) return reply.code(401).send({ error });
  return reply.code(401).type(HTML).send(logInPage(error));
}

function tokenIn(body: unknown): string {
  const token = typeof body === 'object' && body !== null && 'token' in body ? body.token : '';
  return typeof token === 'string' ? token : '';
}

export async function logOut({ reply }: Exchange): Promise<unknown> {
  return reply.header('set-cookie', sessionCookie(null)).redirect('/login', 303);
}
