import { holderOfToken, sessionCookie, sessionFor } from '../access.ts';
import type { Site } from '../dashboard.ts';
import { logInPage } from '../pages.tsx';
import { HTML, wantsPage, type Exchange } from '../route.ts';

/** Opens a session for a client that sends a token. */
export async function logIn({ request, reply }: Exchange, { tokens, sessionKey, nowMs }: Site): Promise<unknown> {
  const holder = holderOfToken(tokenIn(request.body), tokens);
  if (holder !== null)
    return reply.header('set-cookie', sessionCookie(sessionFor(holder, sessionKey, nowMs()))).redirect('/', 303);
  const error = 'That is no token of this server';
  if (!wantsPage(request)) return reply.code(401).send({ error });
  return reply.code(401).type(HTML).send(logInPage(error));
}

function tokenIn(body: unknown): string {
  const token = typeof body === 'object' && body !== null && 'token' in body ? body.token : '';
  return typeof token === 'string' ? token : '';
}
