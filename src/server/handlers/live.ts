import type { Site } from '../dashboard.ts';
import type { LiveFeed } from '../live-feed.ts';
import { paramOf, type Exchange } from '../route.ts';

/** Sends what the dashboard of a collection shows, again whenever it changes. */
export async function sendLive(exchange: Exchange, { collections }: Site): Promise<unknown> {
  const { feed } = await collections.open(paramOf(exchange.request, 'collection'));
  return streamFeed(exchange, feed);
}

/** Answers with `text/event-stream`: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export async function streamFeed<T>({ request, reply }: Exchange, feed: LiveFeed<T>): Promise<unknown> {
  // A client that asks for the head wants to know whether there is a stream. The stream itself would never end.
  const events = request.method === 'HEAD' ? '' : feed.listen();
  return events === null ? reply.code(503).send() : reply.type('text/event-stream').send(events);
}
