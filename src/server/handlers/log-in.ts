import { roleOfToken, sessionFor } from '../access.ts';
import type { Site } from '../dashboard.ts';
import { logInPage } from '../pages.tsx';
import { wantsPage, type Exchange } from '../route.ts';
import { sessionCookie } from '../session-cookie.ts';

/** A session for a token. */
export async function logIn({ request, reply }: Exchange, { tokens, nowMs }: Site): Promise<unknown> {
  const role = roleOfToken(tokenIn(request.body), tokens);
  if (role === null) return refuse(request, reply.code(401));
  return reply.header('set-cookie', sessionCookie(sessionFor(role, tokens, nowMs()))).redirect('/', 303);
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
