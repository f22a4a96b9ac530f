import { endPauses, readPauses } from '../../collection/pause.repository.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';
import { refuseOrder, scopeOf, unpauseBody } from './pause-order.ts';

/** An operator ends a pause. */
export async function unpause(exchange: Exchange, { app, collections }: Site): Promise<unknown> {
  const { request } = exchange;
  const { collectionId } = (await collections.open(paramOf(request, 'collection'))).workspace.scope;
  const order = unpauseBody.safeParse(request.body).data;
  if (order === undefined) return refuseOrder(exchange, unpauseBody);
  const ended = await endPauses(app.db, scopeOf(order, collectionId));
  app.log.info({ ...order, ended }, 'a pause was ended from the dashboard');
  return { ended, pauses: await readPauses(app.db, collectionId) };
}
