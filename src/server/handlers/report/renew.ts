import { recorded } from '../../../app/activity/activity.repository.ts';
import { renewReport } from '../../../app/report/stored.ts';
import { pathOf } from '../../../ui/shared/frame.tsx';
import { actorOf } from '../../actor.ts';
import type { Site } from '../../dashboard.ts';
import { paramOf, wantsPage, type Exchange } from '../../route.ts';
import { workKey } from './page.ts';

/** An operator has the report of a collection computed again. The page shows how it goes. */
export async function renewOnServer(exchange: Exchange, site: Site): Promise<unknown> {
  const { request, reply } = exchange;
  const collection = paramOf(request, 'collection');
  const { longWorkspace } = await site.collections.open(collection);
  const { app, longWork } = site;
  const isStarted = longWork.start(
    workKey(collection),
    (signal, onProgress) =>
      recorded(app.db, { ...actorOf(exchange), action: 'report', collection }, () =>
        renewReport(longWorkspace, { signal, onProgress }),
      ),
    (reason) => app.log.error({ collection, reason }, 'a report could not be made'),
  );
  if (isStarted) app.log.info({ collection }, 'a report was started from its page');
  if (wantsPage(request)) return reply.redirect(`${pathOf(collection)}report`, 303);
  if (isStarted) return reply.code(202).send({ collection });
  return reply.code(409).send({ error: 'Other work runs on this server; ask again when it has ended' });
}
