import { recordActivity } from '../../runtime/activity/activity.repository.ts';
import { SESSION_MS, holderOfToken, sessionCookie, sessionFor, sessionIn } from '../access/access.ts';
import type { Site } from '../dashboard.ts';
import { logInPage } from '../pages.tsx';
import { HTML, wantsPage, type Exchange } from '../route.ts';
import { endSessions, storeSession } from '../access/session.repository.ts';
import { sessionIdOf } from '../access/sessions.ts';

export async function logIn({ request, reply }: Exchange, site: Site): Promise<unknown> {
  const { tokens, sessionKey, nowMs, app, failedLogIns } = site;
  const holder = holderOfToken(tokenIn(request.body), tokens);
  if (holder !== null) {
    const atMs = nowMs();
    const [session, place] = [sessionFor(holder, sessionKey, atMs), request.ip];
    const { role, name } = holder;
    await storeSession(app.db, { id: sessionIdOf(session), role, name, place, until: new Date(atMs + SESSION_MS) });
    await recordActivity(app.db, { who: name ?? role, place, action: 'log-in', detail: { role } });
    return reply.header('set-cookie', sessionCookie(session)).redirect('/', 303);
  }
  await failedLogIns.note(request.ip, 'form');
  const error = 'That is no token of this server';
  if (!wantsPage(request)) return reply.code(401).send({ error });
  return reply.code(401).type(HTML).send(logInPage(error));
}

function tokenIn(body: unknown): string {
  const token = typeof body === 'object' && body !== null && 'token' in body ? body.token : '';
  return typeof token === 'string' ? token : '';
}

export async function sendLogIn({ reply }: Exchange): Promise<unknown> {
  return reply.type(HTML).send(logInPage(null));
}

/** Ends the browser's session. Copies of its cookie are then refused as well. */
export async function logOut({ request, reply }: Exchange, { app }: Site): Promise<unknown> {
  const session = sessionIn(request.headers.cookie);
  const [ended] = session === null ? [] : await endSessions(app.db, [sessionIdOf(session)]);
  if (ended !== undefined)
    await recordActivity(app.db, { who: ended.name ?? ended.role, place: request.ip, action: 'log-out' });
  return reply.header('set-cookie', sessionCookie(null)).redirect('/login', 303);
}
