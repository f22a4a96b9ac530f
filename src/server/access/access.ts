import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Config } from '../../config/settings.ts';
import { UsageError } from '../../kernel/errors.ts';
import { foldedName, personName, ROLES, type Reader, type Role } from '../../kernel/people.ts';
import { sha256Bytes } from '../../config/sha256.ts';

/** A user of the server. `name` is null for users who share the token of a role, and if the server has no tokens. */
export interface Person {
  readonly role: Role;
  readonly name: string | null;
}

export interface TokenHolder extends Person {
  readonly token: string;
}

/** The valid tokens, and the key of sessions. Without tokens everybody who reaches the server is an operator. */
export interface Access {
  readonly tokens: readonly TokenHolder[];
  /** 32 random bytes that sign sessions. */
  readonly sessionKey: Buffer;
}

export const SESSION_MS = 12 * 3_600_000;

/** @throws UsageError `same-token`, `same-name` */
export function tokenHoldersOf({ token, reviewerToken, viewerToken, people }: ServerTokens): TokenHolder[] {
  const named = Object.entries(people).map(([name, { role, token: own }]) => ({ role, name, token: own }));
  const roles = [
    { role: 'viewer', name: null, token: viewerToken },
    { role: 'reviewer', name: null, token: reviewerToken },
    { role: 'operator', name: null, token },
  ] as const;
  const all = [...roles, ...named].filter((one): one is TokenHolder => one.token !== null);
  for (const [i, one] of all.entries()) for (const other of all.slice(0, i)) requireDifferent(other, one);
  return all;
}

type ServerTokens = Pick<Config['server'], 'token' | 'reviewerToken' | 'viewerToken' | 'people'>;

const SETTING_OF = {
  viewer: 'server.viewerToken',
  reviewer: 'server.reviewerToken',
  operator: 'server.token',
} as const;
const settingOf = ({ role, name }: Person): string => (name === null ? SETTING_OF[role] : `server.people.${name}`);

function requireDifferent(one: TokenHolder, other: TokenHolder): void {
  if (one.token === other.token)
    throw new UsageError(
      `Expected a token of its own for each role and person but received the same one in ${settingOf(one)} and in ${settingOf(other)}. Change one of them (\`openssl rand -hex 24\` makes a token).`,
      { code: 'same-token' },
    );
  if (one.name !== null && other.name !== null && foldedName(one.name) === foldedName(other.name))
    throw new UsageError(
      `Expected names that differ in more than their case but received '${one.name}' and '${other.name}' in server.people. Rename one of them.`,
      { code: 'same-name' },
    );
}

export function bearerIn(authorization: string | undefined): string | null {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? null;
}

export function mayAct(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** A client's kind of reader. Without tokens the server cannot tell operators from reviewers, so nobody is an operator. */
export function readerOf({ role }: { readonly role: Role | null }, { tokens }: Pick<Access, 'tokens'>): Reader {
  return role === 'operator' && tokens.length > 0 ? 'operators' : 'others';
}

/** Compares every token, as digests of one length, so the time taken tells neither which fitted nor how much of it. */
export function holderOfToken(given: string, tokens: readonly TokenHolder[]): TokenHolder | null {
  let found: TokenHolder | null = null;
  for (const holder of tokens) if (timingSafeEqual(digestOf(given), digestOf(holder.token))) found = holder;
  return found;
}

/**
 * Returns the session that a browser keeps instead of the token: `role.name.until.signature`, the name as base64url. The
 * signature also covers the token, so the session outlives a restart of the server but ends at once when its token changes.
 * Nobody can test guesses of the token without the key.
 */
export function sessionFor({ role, name, token }: TokenHolder, sessionKey: Buffer, nowMs: number): string {
  const claim = `${role}.${Buffer.from(name ?? '').toString('base64url')}.${nowMs + SESSION_MS}`;
  return `${claim}.${signatureOf(claim, token, sessionKey)}`;
}

/** The holder of the token that a session was opened with. Null if the session is not ours, or has ended. */
export function holderOfSession(session: string, { tokens, sessionKey }: Access, nowMs: number): TokenHolder | null {
  const parts = /^(([a-z]+)\.([\w-]*)\.(\d+))\.([\w-]+)$/.exec(session) ?? [];
  const [, claim = '', role, encodedName = '', until, signature = ''] = parts;
  const name = Buffer.from(encodedName, 'base64url').toString() || null;
  const holder = tokens.find((one) => one.role === role && one.name === name);
  if (holder === undefined || Number(until) <= nowMs) return null;
  const expected = signatureOf(claim, holder.token, sessionKey);
  return timingSafeEqual(digestOf(signature), digestOf(expected)) ? holder : null;
}

/**
 * The name of the person's token, otherwise the browser's choice, otherwise (without tokens) the server's own name
 * `reviewer`. If it is null, the page must ask.
 */
export function reviewerOf(
  person: Person,
  cookie: string | undefined,
  { tokens, reviewer }: Pick<Access, 'tokens'> & { readonly reviewer: string | null },
): string | null {
  if (person.name !== null) return person.name;
  const chosen = reviewerIn(cookie);
  if (chosen !== null && !isNameOfPerson(chosen, tokens)) return chosen;
  return tokens.length === 0 ? reviewer : null;
}

/** True if a name belongs to a person with a token, in upper or lower case. Nobody else may review under it. */
export function isNameOfPerson(name: string, tokens: readonly TokenHolder[]): boolean {
  return tokens.some((one) => one.name !== null && foldedName(one.name) === foldedName(name));
}

const SESSION_COOKIE = 'winnow_session';
const REVIEWER_COOKIE = 'winnow_reviewer';
/** Not readable by scripts, and not sent along when another site makes the browser ask. */
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';
/** Browsers keep no cookie for much longer than a year. */
const REVIEWER_SECONDS = 365 * 24 * 3_600;

/** The value of `Set-Cookie` that begins a session. Null ends it. */
export function sessionCookie(session: string | null): string {
  return `${SESSION_COOKIE}=${session ?? ''}; ${ATTRIBUTES}; Max-Age=${session === null ? 0 : SESSION_MS / 1_000}`;
}

export function sessionIn(cookie: string | undefined): string | null {
  return cookieIn(cookie, SESSION_COOKIE);
}

export function reviewerCookie(name: string): string {
  return `${REVIEWER_COOKIE}=${Buffer.from(name).toString('base64url')}; ${ATTRIBUTES}; Max-Age=${REVIEWER_SECONDS}`;
}

function reviewerIn(cookie: string | undefined): string | null {
  return personName(Buffer.from(cookieIn(cookie, REVIEWER_COOKIE) ?? '', 'base64url').toString());
}

function cookieIn(cookie: string | undefined, name: string): string | null {
  return new RegExp(`(?:^|;\\s*)${name}=([\\w.-]+)`).exec(cookie ?? '')?.[1] ?? null;
}

function signatureOf(claim: string, token: string, sessionKey: Buffer): string {
  return createHmac('sha256', sessionKey).update(`${claim}.${token}`).digest('base64url');
}

function digestOf(text: string): Buffer {
  return sha256Bytes(text);
}
