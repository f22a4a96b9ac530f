import type { FastifyRequest } from 'fastify';
import { bearerIn, holderOfSession, holderOfToken, sessionIn, type Access, type Person } from './access.ts';
import type { Sessions } from './sessions.ts';

interface VisitorOptions extends Access {
  /** Sessions that have not been ended. By default no session counts. */
  readonly sessions?: Sessions;
  readonly nowMs: () => number;
}

/** A person who sends a request. `session`: what the browser showed; null for a client that sends a token itself. */
interface Visitor extends Person {
  readonly session: string | null;
}

function visitorOf(person: Person | null, session: string | null): Visitor | null {
  return person === null ? null : { role: person.role, name: person.name, session };
}

export async function personOf(
  { headers }: FastifyRequest,
  { nowMs, sessions, ...access }: VisitorOptions,
): Promise<Visitor | null> {
  if (access.tokens.length === 0) return AT_THIS_MACHINE;
  const bearer = bearerIn(headers.authorization);
  if (bearer !== null) return visitorOf(holderOfToken(bearer, access.tokens), null);
  const session = sessionIn(headers.cookie);
  const holder = session === null ? null : holderOfSession(session, access, nowMs());
  if (session === null || holder === null || (await sessions?.isOpen(session)) !== true) return null;
  return visitorOf(holder, session);
}

/** Without tokens the server listens to this machine only, whose users may do everything. */
const AT_THIS_MACHINE: Visitor = { role: 'operator', name: null, session: null };
