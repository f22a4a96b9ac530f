import type { Exchange } from '../route.ts';
import { endedSessionCookie } from '../session-cookie.ts';

export async function logOut({ reply }: Exchange): Promise<unknown> {
  return reply.header('set-cookie', endedSessionCookie()).redirect('/login', 303);
}
