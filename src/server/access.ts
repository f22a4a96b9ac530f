import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Who may do what: a viewer looks, a reviewer also judges photos, an operator also steers the work. */
export const ROLES = ['viewer', 'reviewer', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/** The secret of each role; null: nobody has that role by a token. */
export type Tokens = Readonly<Record<Role, string | null>>;

/** A session lasts a working day, in milliseconds. */
export const SESSION_MS = 12 * 3_600_000;

export function hasTokens(tokens: Tokens): boolean {
  return ROLES.some((role) => tokens[role] !== null);
}

export function mayAct(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/**
 * The role that a token gives. Every token is compared whatever was found before, as digests of one length, so that the
 * time taken tells neither which fitted nor how much of it.
 */
export function roleOfToken(given: string, tokens: Tokens): Role | null {
  let found: Role | null = null;
  for (const role of ROLES) {
    const fits = timingSafeEqual(digestOf(given), digestOf(tokens[role] ?? ''));
    if (fits && tokens[role] !== null) found = role;
  }
  return found;
}

/**
 * What a browser keeps in place of the token: `role.until.signature`. It is signed with the tokens, so it outlives a
 * restart, and ends at once when a token is changed.
 */
export function sessionFor(role: Role, tokens: Tokens, nowMs: number): string {
  const claim = `${role}.${nowMs + SESSION_MS}`;
  return `${claim}.${signatureOf(claim, tokens)}`;
}

/** The role that a session gives, or null if it is not ours, or over. */
export function roleOfSession(session: string, tokens: Tokens, nowMs: number): Role | null {
  const [, claim = '', name, until, signature = ''] = /^(([a-z]+)\.(\d+))\.([\w-]+)$/.exec(session) ?? [];
  const role = ROLES.find((one) => one === name);
  const isOurs = timingSafeEqual(digestOf(signature), digestOf(signatureOf(claim, tokens)));
  return isOurs && role !== undefined && Number(until) > nowMs ? role : null;
}

const COOKIE = 'winnow_session';
/** Not readable by scripts, and not sent along when another site makes the browser ask. */
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

/** The value of `Set-Cookie` that begins a session; for null, the value that ends it. */
export function sessionCookie(session: string | null): string {
  return `${COOKIE}=${session ?? ''}; ${ATTRIBUTES}; Max-Age=${session === null ? 0 : SESSION_MS / 1_000}`;
}

/** The session in a `Cookie` header, or null. */
export function sessionIn(cookie: string | undefined): string | null {
  return new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w.-]+)`).exec(cookie ?? '')?.[1] ?? null;
}

function signatureOf(claim: string, tokens: Tokens): string {
  return createHmac('sha256', JSON.stringify(ROLES.map((role) => tokens[role])))
    .update(claim)
    .digest('base64url');
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
