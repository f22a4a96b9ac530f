import { roleOfToken, sessionFor, type Tokens } from '../access.ts';
import { logInPage } from '../pages.ts';
import { wantsPage, type Exchange, type Route } from '../route.ts';
import { endedSessionCookie, sessionCookie } from '../session-cookie.ts';

/** Of one address: enough for who mistypes, and of no use to who guesses. */
const TRIES_PER_MINUTE = 10;

/** A token for a session, and its end. */
export function sessionRoutes({ tokens, nowMs }: { readonly tokens: Tokens; readonly nowMs: () => number }): Route[] {
  return [
    {
      method: 'POST',
      path: '/login',
      role: null,
      perMinute: TRIES_PER_MINUTE,
      async handle({ request, reply }) {
        const role = roleOfToken(tokenIn(request.body), tokens);
        if (role === null) return refuse(request, reply.code(401));
        reply.header('set-cookie', sessionCookie(sessionFor(role, tokens, nowMs())));
        return reply.redirect('/', 303);
      },
    },
    {
      method: 'POST',
      path: '/logout',
      role: null,
      async handle({ reply }) {
        return reply.header('set-cookie', endedSessionCookie()).redirect('/login', 303);
      },
    },
  ];
}

function refuse(request: Exchange['request'], reply: Exchange['reply']): unknown {
  const error = 'That is no token of this server';
  if (!wantsPage(request)) return reply.send({ error });
  return reply.header('content-type', 'text/html; charset=utf-8').send(logInPage(error));
}

function tokenIn(body: unknown): string {
  const token = typeof body === 'object' && body !== null && 'token' in body ? body.token : '';
  return typeof token === 'string' ? token : '';
}
