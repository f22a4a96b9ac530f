import { recorded } from '../../app/activity/activity.repository.ts';
import { endPauses, readPauses } from '../../collection/pause.repository.ts';
import { actorOf } from '../actor.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';
import { refuseOrder, scopeOf, unpauseBody } from './pause-order.ts';

/** An operator ends a pause. */
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
  app.log.info({ ...order, ended }, 'a pause was ended from the dashboard');
  return { ended, pauses: await readPauses(app.db, collectionId) };
}
