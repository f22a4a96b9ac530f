import { recordActivity } from '../../app/activity/activity.repository.ts';
import { sessionCookie, sessionIn } from '../access.ts';
import type { Site } from '../dashboard.ts';
import type { Exchange } from '../route.ts';
import { endSessions } from '../session.repository.ts';
import { sessionIdOf } from '../sessions.ts';

/** Ends the session of the browser, also for somebody who has kept a copy of the cookie. */
export async function logOut({ request, reply }: Exchange, { app }: Site): Promise<unknown> {
  const session = sessionIn(request.headers.cookie);
  const [ended] = session === null ? [] : await endSessions(app.db, [sessionIdOf(session)]);
  if (ended !== undefined)
    await recordActivity(app.db, { who: ended.name ?? ended.role, place: request.ip, action: 'log-out' });
  return reply.header('set-cookie', sessionCookie(null)).redirect('/login', 303);
}
