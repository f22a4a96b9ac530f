import * as z from 'zod';
import { recorded } from '../../../core/runtime/activity/activity.repository.ts';
import { RETRIABLE_REASONS, retryFailures } from '../../../core/operate/upkeep/retry-failures.process.ts';
import { endPauses, pauseStages, readPauses, type PauseScope } from '../../../core/collection/pause.repository.ts';
import { PAUSABLE_STAGES } from '../../../core/collection/pause.ts';
import { listText } from '../../../core/kernel/texts.ts';
import { quote } from '../../../core/tools/quote.ts';
import { readerOf } from '../access/access.ts';
import { actorOf, paramOf, queryOf, type Exchange } from '../route.ts';
import type { Site } from '../dashboard.ts';
import { ROOT } from '../queue-pages.ts';
import { streamFeed } from './pages.ts';

const unpauseBody = z.strictObject({
  stages: z.array(z.enum(PAUSABLE_STAGES)).min(1),
  everyCollection: z.boolean(),
});
const pauseBody = unpauseBody.extend({ endWorkers: z.boolean() });

function scopeOf(order: z.infer<typeof unpauseBody>, collectionId: number): PauseScope {
  return {
    stages: PAUSABLE_STAGES.filter((stage) => order.stages.includes(stage)),
    collectionId: order.everyCollection ? null : collectionId,
  };
}

function refuseOrder({ request, reply }: Exchange, { shape }: { readonly shape: object }): unknown {
  const error = `Expected JSON with ${listText(Object.keys(shape))} (stages: some of ${PAUSABLE_STAGES.join(', ')}) but received ${quote(request.body)}`;
  return reply.code(400).send({ error });
}

export async function pause(exchange: Exchange, { app, collections }: Site): Promise<unknown> {
  const name = paramOf(exchange.request, 'collection');
  const { collectionId } = (await collections.open(name)).workspace.scope;
  const order = pauseBody.safeParse(exchange.request.body).data;
  if (order === undefined) return refuseOrder(exchange, pauseBody);
  const { stages, endWorkers, everyCollection } = order;
  const actor = actorOf(exchange);
  const collection = everyCollection ? null : name;
  await recorded(app.db, { ...actor, action: 'pause', collection, detail: { stages, endWorkers } }, () =>
    pauseStages(app.db, { ...scopeOf(order, collectionId), by: actor.who, endWorkers }),
  );
  app.log.info({ ...order }, 'paused on a page of the server');
  return { pauses: await readPauses(app.db, collectionId) };
}

export async function unpause(exchange: Exchange, { app, collections }: Site): Promise<unknown> {
  const name = paramOf(exchange.request, 'collection');
  const { collectionId } = (await collections.open(name)).workspace.scope;
  const order = unpauseBody.safeParse(exchange.request.body).data;
  if (order === undefined) return refuseOrder(exchange, unpauseBody);
  const ended = await recorded(
    app.db,
    {
      ...actorOf(exchange),
      action: 'unpause',
      collection: order.everyCollection ? null : name,
      detail: { stages: order.stages },
      resultOf: (stages) => ({ ended: stages }),
    },
    () => endPauses(app.db, scopeOf(order, collectionId)),
  );
  app.log.info({ ...order, ended }, 'a pause was ended on a page of the server');
  return { ended, pauses: await readPauses(app.db, collectionId) };
}

/** Retries the work that failed for a reason, in every collection or in that of `?collection=`. */
export async function retry(exchange: Exchange, { longApp, collections }: Site): Promise<unknown> {
  const reason = paramOf(exchange.request, 'reason');
  if (!RETRIABLE_REASONS.includes(reason)) return exchange.reply.callNotFound();
  const query = queryOf(exchange);
  const [host, collection] = [query.get('host'), query.get('collection')];
  const scope = collection === null ? undefined : (await collections.open(collection)).workspace.scope;
  const asked = { reasons: [reason], ...(host === null ? {} : { host }) };
  const retried = await recorded(
    longApp.db,
    { ...actorOf(exchange), action: 'retry', collection, detail: asked, resultOf: (result) => result },
    () => retryFailures(longApp, { ...asked, scope }),
  );
  longApp.log.info({ ...asked, collection, ...retried }, 'what failed was given another try, on a page of the server');
  return retried;
}

export async function sendQueuesLive(exchange: Exchange, site: Site): Promise<unknown> {
  const reader = exchange.role === 'operator' ? readerOf(exchange, site) : 'viewers';
  return streamFeed(exchange, site.queueFeeds[reader], site.livePlaces);
}

/** Sends the pages of single jobs. */
export async function sendJobs(exchange: Exchange, { queues }: Site): Promise<unknown> {
  const at = exchange.request.url.split('?', 1)[0]?.slice(ROOT.length) ?? '';
  if (at === '') return exchange.reply.redirect(`${ROOT}/`, 303);
  return queues.answer(exchange, at);
}

export async function sendMetrics(exchange: Exchange, site: Site): Promise<unknown> {
  const { metrics } = site;
  const text = await metrics.text(readerOf(exchange, site));
  return exchange.reply.header('content-type', metrics.contentType).send(text);
}

export async function sendReady({ reply }: Exchange, { isReady }: Site): Promise<unknown> {
  const ready = await isReady();
  return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
}
