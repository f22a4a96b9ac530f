import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { shortlistFolder } from '../../../core/shortlist/shortlist-files.process.ts';
import { requireCollection } from '../../../core/collection/collection.repository.ts';
import { failedHosts } from '../../status/overview.repository.ts';
import { isCandidateReason } from '../../../core/kernel/reasons.ts';
import { classFile } from '../../../core/shortlist/class-file.ts';
import { FIRST_PAGE, PAGES_FOLDER } from '../../../core/shortlist/contact-sheet.tsx';
import { firstListed, hasShortlist } from '../../../core/shortlist/shortlist.repository.ts';
import { cardAnchor, classAnchor } from '../../../core/shortlist/sheet/anchors.ts';
import { withoutOwnFolders } from '../../status/gallery.process.ts';
import { readerOf } from '../access/access.ts';
import { offersOperations } from '../operations.ts';
import { MEDIA_TYPES } from '../assets.ts';
import type { Site } from '../dashboard.ts';
import { withBasePath } from '../base-path.ts';
import { requireNothingHidden } from '../desk-of.ts';
import type { Dated, LiveFeed } from '../live/live-feed.ts';
import { inTime } from '../queue-pages.ts';
import type { LivePlaces } from '../live/places.ts';
import { collectionPage, framedPage, navigationHtml, type PageParts } from '../pages.tsx';
import { BadRequest } from '../review-requests.ts';
import { HTML, holderOf, paramOf, queryOf, readerProps, type Exchange } from '../route.ts';

export async function sendPage(exchange: Exchange, site: Site, page: PageParts): Promise<unknown> {
  const { request, reply } = exchange;
  const collection = paramOf(request, 'collection') || null;
  if (collection !== null) {
    const { workspace } = await site.collections.open(collection);
    await requireCollection(site.app.db, workspace.scope.collectionId, 'its page is served');
  }
  return reply.type(HTML).send(framedPage(page, { collection, ...readerProps(exchange, site) }));
}

/** How long a page waits for its first numbers. Without them its script asks for them. */
const FIRST_WITHIN_MS = 3_000;

export async function sendCollection(exchange: Exchange, site: Site, page: PageParts): Promise<unknown> {
  const collection = paramOf(exchange.request, 'collection');
  const { workspace, read } = await site.collections.open(collection);
  await requireCollection(site.app.db, workspace.scope.collectionId, 'its page is served');
  const first = await inTime(read(), FIRST_WITHIN_MS).catch(() => null);
  const now = first === null ? null : first[readerOf(exchange, site)];
  const reader = readerProps(exchange, site);
  const html = collectionPage(page, { collection, now, hasOperations: offersOperations(site), ...reader });
  return exchange.reply.type(HTML).send(html);
}

export async function sendOverview(exchange: Exchange, site: Site): Promise<unknown> {
  const { read } = await site.collections.open(paramOf(exchange.request, 'collection'));
  return (await read())[readerOf(exchange, site)];
}

/** A person may have closed a page by then, in seconds. */
const AGAIN_AFTER_S = 30;
const ERRORS = {
  one: [429, 'Too many live pages of yours are open; close one of them'],
  all: [503, 'Too many live pages are open on this server; ask again later'],
} as const;

export async function sendLive(exchange: Exchange, site: Site): Promise<unknown> {
  const { feeds } = await site.collections.open(paramOf(exchange.request, 'collection'));
  return streamFeed(exchange, feeds[readerOf(exchange, site)], site.livePlaces);
}

/** Answers with `text/event-stream`: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export async function streamFeed<T extends Dated>(
  exchange: Exchange,
  feed: LiveFeed<T>,
  places: LivePlaces,
): Promise<unknown> {
  const { request, reply } = exchange;
  const place = places.take(holderOf(exchange));
  if ('full' in place) {
    const [status, error] = ERRORS[place.full];
    return reply.code(status).header('retry-after', AGAIN_AFTER_S).send({ error });
  }
  // A client that asks for the head wants to know whether there is a stream. The stream itself would never end.
  const events = request.method === 'HEAD' ? null : feed.listen();
  if (events === null) place.release();
  else events.once('close', place.release);
  return reply.type('text/event-stream').send(events ?? '');
}

/** The hosts of photos that could not be fetched. To others than operators, without the folders of this machine. */
export async function sendFailedHosts({ request, reply, role }: Exchange, { collections }: Site): Promise<unknown> {
  const { app, scope } = (await collections.open(paramOf(request, 'collection'))).workspace;
  const reason = paramOf(request, 'reason');
  if (!isCandidateReason(reason)) return reply.callNotFound();
  const hosts = await failedHosts(app.db, scope, reason);
  return role === 'operator' ? hosts : hosts.map(withoutOwnFolders);
}

/** Redirects to a class on the contact sheet, which is a page or a section; with `as`, to its first photo of that confusion. */
export async function openClass(exchange: Exchange, site: Site): Promise<unknown> {
  await requireNothingHidden(exchange, site, true);
  const { request, reply } = exchange;
  const { app, collections } = site;
  const { workspace } = await collections.open(paramOf(request, 'collection'));
  const query = queryOf(exchange);
  const [wnid, confusionWnid] = [query.get('id') ?? '', query.get('as')];
  const page = `${PAGES_FOLDER}/${classFile(wnid)}`;
  const isOwn = await isThere(path.join(shortlistFolder(workspace), page));
  const photo = confusionWnid === null ? null : await firstListed(app.db, workspace.scope, { wnid, confusionWnid });
  const anchor = photo === null ? classAnchor(wnid) : cardAnchor(wnid, photo);
  return reply.redirect(`${isOwn ? page : FIRST_PAGE}#${anchor}`, 303);
}

/** Sends a script or style. They hold no secret, and the page to log in needs them. */
export async function sendAsset({ request, reply }: Exchange, { assets }: Site): Promise<unknown> {
  const name = paramOf(request, 'name');
  const [bytes, mediaType] = [assets.get(name), MEDIA_TYPES[name.replace(/^.*\./, '')]];
  if (bytes === undefined || mediaType === undefined) return reply.callNotFound();
  return reply.type(mediaType).header('cache-control', 'no-cache').send(bytes);
}

/** The sheet's own policy admits its style by a hash. This one also keeps other pages from framing it. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none';img-src data:;style-src 'unsafe-inline';base-uri 'none';form-action 'none';frame-ancestors 'none'";

export async function sendSheet(exchange: Exchange, site: Site): Promise<unknown> {
  await requireNothingHidden(exchange, site, true);
  const { request, reply } = exchange;
  const name = paramOf(request, 'collection');
  const { workspace } = await site.collections.open(name);
  const asked = paramOf(request, '*');
  if (asked !== FIRST_PAGE && !/^pages\/class-[\w-]+\.html$/.test(asked)) return reply.callNotFound();
  const file = path.join(shortlistFolder(workspace), asked);
  if (!(await isThere(file))) {
    const isListed = await hasShortlist(site.app.db, workspace.scope);
    throw new BadRequest(isListed ? sheetElsewhere(name) : nothingListed(name), 404);
  }
  const bar = withBasePath(navigationHtml(name), site.app.config.server.basePath ?? '');
  return reply
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .send(Readable.from(withNavigation(createReadStream(file, 'utf8'), bar)));
}

function nothingListed(name: string): string {
  return `Nothing is listed yet. \`winnow shortlist --collection ${name}\` makes the shortlist and its contact sheet.`;
}

function sheetElsewhere(name: string): string {
  return `The contact sheet is not on this machine: the shortlist was built with another data folder. Run \`winnow shortlist --collection ${name}\` with the data folder of this server (--data), or let both use one folder.`;
}

async function* withNavigation(chunks: AsyncIterable<string>, bar: string): AsyncGenerator<string> {
  let isFirst = true;
  for await (const chunk of chunks) {
    yield isFirst ? chunk.replace('<body>', `<body>${bar}`) : chunk;
    isFirst = false;
  }
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
