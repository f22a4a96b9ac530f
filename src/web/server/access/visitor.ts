import type { FastifyRequest, FastifyInstance, FastifyReply } from 'fastify';
import { bearerIn, holderOfSession, holderOfToken, sessionIn } from './access.ts';
import type { Access, Person, Visitor } from './access.ts';
import type { Sessions } from './sessions.ts';

interface VisitorOptions extends Access {
  /** Sessions that have not been ended. By default no session counts. */
  readonly sessions?: Sessions;
  readonly nowMs: () => number;
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
  const session = sessionIn(headers.cookie, access);
  const holder = session === null ? null : holderOfSession(session, access, nowMs());
  if (session === null || holder === null || (await sessions?.isOpen(session)) !== true) return null;
  return visitorOf(holder, session);
}

/** Without tokens the server listens to this machine only, whose users may do everything. */
const AT_THIS_MACHINE: Visitor = { role: 'operator', name: null, session: null };

/** Wrong tokens of an address in a minute. A program with an old token has enough, and one that guesses has too few. */
const FAILED_PER_MINUTE = 10;

/**
 * Counts the wrong tokens in `Authorization` by address. An address that has sent too many gets 429 for each token, also for
 * a right one: the answer must not tell which is right. Sessions go on.
 */
export function countedTokens(app: FastifyInstance, options: VisitorOptions) {
  const failures = app.createRateLimit({ max: FAILED_PER_MINUTE, timeWindow: 60_000 });
  return async (request: FastifyRequest, reply: FastifyReply): Promise<Person | null> => {
    const person = await personOf(request, options);
    if (bearerIn(request.headers.authorization) === null) return person;
    // Counted and compared in one step: many requests can come at the same time.
    const count = await failures(request, { increment: person === null });
    if (!count.isAllowed && (person === null ? count.isExceeded : count.remaining === 0)) {
      reply.header('retry-after', count.ttlInSeconds);
      throw tooMany(count.ttlInSeconds);
    }
    return person;
  };
}

function tooMany(seconds: number): Error {
  const message = `Too many wrong tokens came from your address; try again in ${seconds} s`;
  return Object.assign(new Error(message), { statusCode: 429 });
}
