import { examplesOf, failedExamplesOf } from '../../funnel/overview.repository.ts';
import { isCandidateReason, isFailedDecision } from '../../kernel/reasons.ts';
import type { Site } from '../dashboard.ts';
import type { LiveFeed } from '../live-feed.ts';
import { paramOf, type Exchange } from '../route.ts';

/** The server can work: the catalogue answers. */
export async function sendReady({ reply }: Exchange, { isReady }: Site): Promise<unknown> {
  const ready = await isReady();
  return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
}

/** For Prometheus, of all collections that the catalogue knows. */
export async function sendMetrics({ reply }: Exchange, { metrics }: Site): Promise<unknown> {
  const text = await metrics.text();
  return reply.header('content-type', metrics.contentType).send(text);
}

/** What a collection's page shows, as it is now. */
export async function sendOverview({ request }: Exchange, { collections }: Site): Promise<unknown> {
  return (await collections.open(paramOf(request, 'collection'))).read();
}

/** What a collection's page shows, again whenever it changes. */
export async function sendLive(exchange: Exchange, { collections }: Site): Promise<unknown> {
  const { feed } = await collections.open(paramOf(exchange.request, 'collection'));
  return streamFeed(exchange, feed);
}

/** `text/event-stream`: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export async function streamFeed<T>({ request, reply }: Exchange, feed: LiveFeed<T>): Promise<unknown> {
  // A client that asks for the head wants to know whether there is a stream. The stream itself would never end.
  const events = request.method === 'HEAD' ? '' : feed.listen();
  return events === null ? reply.code(503).send() : reply.type('text/event-stream').send(events);
}

const EXAMPLES_SHOWN = 5;

/** Some photos of a collection that were dropped or failed for a reason. */
export async function sendExamples({ request, reply }: Exchange, { collections }: Site): Promise<unknown> {
  const { app, scope } = (await collections.open(paramOf(request, 'collection'))).workspace;
  const reason = paramOf(request, 'reason');
  const asked = { reason, limit: EXAMPLES_SHOWN };
  if (isCandidateReason(reason)) return examplesOf(app.db, scope, asked);
  if (isFailedDecision(reason)) return failedExamplesOf(app.db, scope, asked);
  return reply.callNotFound();
}
