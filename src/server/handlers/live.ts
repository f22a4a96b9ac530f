import type { Site } from '../dashboard.ts';
import type { LiveFeed } from '../live-feed.ts';
import { paramOf, type Exchange } from '../route.ts';

/** What a collection's page shows, again whenever it changes. */
export async function sendLive(exchange: Exchange, { collections }: Site): Promise<unknown> {
  const { feed } = await collections.open(paramOf(exchange.request, 'collection'));
  return streamFeed(exchange, feed);
}

/** `text/event-stream`: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export async function streamFeed<T>({ request, reply }: Exchange, feed: LiveFeed<T>): Promise<unknown> {
  // A client that asks for the head wants to know whether there is a stream. The stream itself would never end.
  if (request.method === 'HEAD') return reply.type('text/event-stream').send('');
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) reply.raw.setHeader(name, value);
  if (!feed.add(reply.raw)) reply.raw.writeHead(503).end();
  return reply;
}
