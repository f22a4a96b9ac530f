import { recorded } from '../../app/activity/activity.repository.ts';
import { pauseStages, readPauses } from '../../collection/pause.repository.ts';
import { actorOf } from '../actor.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';
import { pauseBody, refuseOrder, scopeOf } from './pause-order.ts';

/** An operator pauses stages of a collection, or of every one. */
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
  app.log.info({ ...order }, 'paused from the dashboard');
  return { pauses: await readPauses(app.db, collectionId) };
}
