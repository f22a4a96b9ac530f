import { recorded } from '../../../app/activity/activity.repository.ts';
import { isSha256 } from '../../../kernel/ids.ts';
import { actorOf } from '../../actor.ts';
import type { Site } from '../../dashboard.ts';
import { paramOf, type Exchange } from '../../route.ts';
import { endSessions } from '../../session.repository.ts';

/** An operator ends a session. */
export async function endSession(exchange: Exchange, { app }: Site): Promise<unknown> {
  const { request, reply } = exchange;
  const id = paramOf(request, 'id');
  if (!isSha256(id)) return reply.callNotFound();
  await recorded(
    app.db,
    {
      ...actorOf(exchange),
      action: 'sessions-ended',
      resultOf: ([ended]) => (ended === undefined ? { sessions: 0 } : { sessions: 1, of: ended.name ?? ended.role }),
    },
    () => endSessions(app.db, [id]),
  );
  return reply.redirect('/activity', 303);
}
