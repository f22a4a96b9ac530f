import { readerOf } from '../access.ts';
import type { Site } from '../dashboard.ts';
import type { Dated, LiveFeed } from '../live-feed.ts';
import type { LivePlaces } from '../live-places.ts';
import { holderOf, paramOf, type Exchange } from '../route.ts';

/** A person may have closed a page by then, in seconds. */
const AGAIN_AFTER_S = 30;
const ERRORS = {
  one: [429, 'Too many live pages of yours are open; close one of them'],
  all: [503, 'Too many live pages are open on this server; ask again later'],
} as const;

/** Sends what the dashboard of a collection shows: all of it first, then what changes. */
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
