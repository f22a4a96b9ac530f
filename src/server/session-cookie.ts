import { SESSION_MS } from './access.ts';

const NAME = 'winnow_session';
/** Not readable by scripts, and not sent along when another site makes the browser ask. */
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

/** The value of `Set-Cookie` that begins a session. */
export function sessionCookie(session: string): string {
  return `${NAME}=${session}; ${ATTRIBUTES}; Max-Age=${SESSION_MS / 1_000}`;
}

/** The value of `Set-Cookie` that ends it. */
export function endedSessionCookie(): string {
  return `${NAME}=; ${ATTRIBUTES}; Max-Age=0`;
}

/** The session in a `Cookie` header, or null. */
export function sessionIn(cookie: string | undefined): string | null {
  return new RegExp(`(?:^|;\\s*)${NAME}=([\\w.-]+)`).exec(cookie ?? '')?.[1] ?? null;
}
