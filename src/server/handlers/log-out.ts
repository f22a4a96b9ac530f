import { sessionCookie } from '../access.ts';
import type { Exchange } from '../route.ts';

export async function logOut({ reply }: Exchange): Promise<unknown> {
  return reply.header('set-cookie', sessionCookie(null)).redirect('/login', 303);
}
