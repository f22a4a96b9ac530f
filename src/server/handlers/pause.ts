import { pauseStages, readPauses } from '../../collection/pause.repository.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';
import { pauseBody, refuseOrder, scopeOf } from './pause-order.ts';

/** An operator pauses stages of a collection, or of every one. */
export async function pause(exchange: Exchange, { app, collections }: Site): Promise<unknown> {
  const { request, role } = exchange;
  const { collectionId } = (await collections.open(paramOf(request, 'collection'))).workspace.scope;
  const order = pauseBody.safeParse(request.body).data;
  if (order === undefined) return refuseOrder(exchange, pauseBody);
  const { endWorkers } = order;
  await pauseStages(app.db, { ...scopeOf(order, collectionId), by: role ?? 'operator', endWorkers });
  app.log.info({ ...order }, 'paused from the dashboard');
  return { pauses: await readPauses(app.db, collectionId) };
}
