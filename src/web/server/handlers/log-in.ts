import { recordActivity } from '../../../core/runtime/activity/activity.repository.ts';
import { SESSION_MS, holderOfToken, sessionCookie, sessionFor, sessionIn, shownCookie } from '../access/access.ts';
import { ownPath } from '../access/same-site.ts';
import type { Site } from '../dashboard.ts';
import { logInPage } from '../pages.tsx';
import { showAnywayPath } from '../desk-of.ts';
import { BadRequest } from '../review-requests.ts';
import { actorOf, HTML, paramOf, queryOf, wantsPage, type Exchange } from '../route.ts';
import { endSessions, storeSession } from '../access/session.repository.ts';
import { sessionIdOf } from '../access/sessions.ts';

/** Goes to the page that was asked for before (`to`). */
export async function logIn({ request, reply }: Exchange, site: Site): Promise<unknown> {
  const { tokens, sessionKey, nowMs, app, failedLogIns } = site;
  const holder = holderOfToken(fieldIn(request.body, 'token'), tokens);
  const to = ownPath(fieldIn(request.body, 'to'));
  if (holder !== null) {
    const atMs = nowMs();
    const [session, place] = [sessionFor(holder, sessionKey, atMs), request.ip];
    const { role, name } = holder;
    await storeSession(app.db, { id: sessionIdOf(session), role, name, place, until: new Date(atMs + SESSION_MS) });
    await recordActivity(app.db, { who: name ?? role, place, action: 'log-in', detail: { role } });
    return reply.header('set-cookie', sessionCookie(session, site)).redirect(to, 303);
  }
  await failedLogIns.note(request.ip, 'form');
  const error = 'That is no token of this server';
  if (!wantsPage(request)) return reply.code(401).send({ error });
  return reply.code(401).type(HTML).send(logInPage(error, to));
}

/** A field of a form; '' if it has none. */
function fieldIn(body: unknown, name: string): string {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : '';
  return typeof value === 'string' ? value : '';
}

export async function sendLogIn(exchange: Exchange): Promise<unknown> {
  const to = queryOf(exchange).get('to') ?? '';
  return exchange.reply.type(HTML).send(logInPage(null, ownPath(to)));
}

/** Ends the browser's session. Copies of its cookie are then refused as well. */
export async function logOut({ request, reply }: Exchange, site: Site): Promise<unknown> {
  const { app } = site;
  const session = sessionIn(request.headers.cookie, site);
  const [ended] = session === null ? [] : await endSessions(app.db, [sessionIdOf(session)]);
  if (ended !== undefined)
    await recordActivity(app.db, { who: ended.name ?? ended.role, place: request.ip, action: 'log-out' });
  return reply.header('set-cookie', sessionCookie(null, site)).redirect('/login', 303);
}

/** Lets a person of a server without tokens see what waits for a verdict of theirs. Notes it in the activity log. */
export async function showAnyway(exchange: Exchange, site: Site): Promise<unknown> {
  const { request, reply, reviewer } = exchange;
  if (showAnywayPath(exchange, site) === undefined)
    throw new BadRequest('On a server with tokens, only operators see what waits for a verdict', 403);
  const collection = paramOf(request, 'collection');
  await site.collections.open(collection);
  const detail = { reviewer: reviewer ?? 'nobody' };
  await recordActivity(site.app.db, { ...actorOf(exchange), action: 'show-anyway', collection, detail });
  reply.header('set-cookie', shownCookie({ collection, reviewer }, site));
  return reply.redirect(ownPath(fieldIn(request.body, 'to')), 303);
}
