import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Config } from '../../../core/config/settings.ts';
import { UsageError } from '../../../core/kernel/errors.ts';
import { foldedName, personName, ROLES, type Reader, type Role } from '../../../core/kernel/people.ts';
import { secretFor } from '../../../core/config/secret-for.ts';
import { sha256Bytes } from '../../../core/tools/sha256.ts';

/** A user of the server. `name` is null for users who share the token of a role, and if the server has no tokens. */
export interface Person {
  readonly role: Role;
  readonly name: string | null;
}

export interface TokenHolder extends Person {
  readonly token: string;
}

/** A person who sends a request. */
export interface Visitor extends Person {
  /** The session that the browser showed; null for a client that sends a token itself, and on a server without tokens. */
  readonly session: string | null;
}

/** The valid tokens, and the key of sessions. Without tokens everybody who reaches the server is an operator. */
export interface Access {
  readonly tokens: readonly TokenHolder[];
  /** 32 random bytes that sign sessions. */
  readonly sessionKey: Buffer;
}

type Key = Pick<Access, 'sessionKey'>;

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
  const claim = `${role}.${encoded(name ?? '')}.${nowMs + SESSION_MS}`;
  return `${claim}.${signatureOf(claim, token, sessionKey)}`;
}

const encoded = (name: string): string => Buffer.from(name).toString('base64url');
const decoded = (text: string): string => Buffer.from(text, 'base64url').toString();

/** The holder of the token that a session was opened with. Null if the session is not ours, or has ended. */
export function holderOfSession(session: string, { tokens, sessionKey }: Access, nowMs: number): TokenHolder | null {
  const parts = /^(([a-z]+)\.([\w-]*)\.(\d+))\.([\w-]+)$/.exec(session) ?? [];
  const [, claim = '', role, name = '', until, signature = ''] = parts;
  const holder = tokens.find((one) => one.role === role && (one.name ?? '') === decoded(name));
  if (holder === undefined || Number(until) <= nowMs) return null;
  const expected = signatureOf(claim, holder.token, sessionKey);
  return timingSafeEqual(digestOf(signature), digestOf(expected)) ? holder : null;
}

/**
 * The name of the person's token, otherwise the browser's choice, otherwise (without tokens) the server's own name
 * `reviewer`. If it is null, the page must ask. Viewers have no choice: a reviewer's name would show them what that person may see.
 */
export function reviewerNameOf(
  person: Visitor,
  cookie: string | undefined,
  { tokens, sessionKey, reviewer }: Access & { readonly reviewer: string | null },
): string | null {
  if (person.name !== null) return person.name;
  if (!mayAct(person.role, 'reviewer')) return null;
  const chosen = reviewerIn(cookie, person, { sessionKey });
  if (chosen !== null && !isNameOfPerson(chosen, tokens)) return chosen;
  return tokens.length === 0 ? reviewer : null;
}

/** True if a name belongs to a person with a token, in upper or lower case. Nobody else may review under it. */
export function isNameOfPerson(name: string, tokens: readonly TokenHolder[]): boolean {
  return tokens.some((one) => one.name !== null && foldedName(one.name) === foldedName(name));
}

/** Not readable by scripts. Another site's page sends them along only if a person follows its link. */
const ATTRIBUTES = 'HttpOnly; SameSite=Lax';
/** Browsers keep no cookie for much longer than a year. */
const REVIEWER_SECONDS = 365 * 24 * 3_600;

/** Named from the key, because browsers send the cookies of a host to all its ports: several servers keep theirs. */
function cookieName(what: string, { sessionKey }: Key): string {
  return `winnow_${what}_${secretFor('name of cookies', sessionKey).slice(0, 8)}`;
}

/** The value of `Set-Cookie` that begins a session. Null ends it. */
export function sessionCookie(session: string | null, access: Key): string {
  const seconds = session === null ? 0 : SESSION_MS / 1_000;
  return `${cookieName('session', access)}=${session ?? ''}; Path=/; ${ATTRIBUTES}; Max-Age=${seconds}`;
}

export function sessionIn(cookie: string | undefined, access: Key): string | null {
  return cookieIn(cookie, cookieName('session', access));
}

/** Who asked to see a collection although a verdict of theirs is wanted. */
export interface ShownCollection {
  readonly collection: string;
  readonly reviewer: string | null;
}

/** The value of `Set-Cookie` with which a person sees what a collection hides from them, for as long as a session lasts. */
export function shownCookie(shown: ShownCollection, access: Key): string {
  const path = `/c/${encodeURIComponent(shown.collection)}/`;
  return `${cookieName('shown', access)}=${markOf(['shown', shown.collection, shown.reviewer], access)}; Path=${path}; ${ATTRIBUTES}; Max-Age=${SESSION_MS / 1_000}`;
}

/** True if the browser has a `shownCookie` of this collection and name. The activity log notes each of them. */
export function isShownIn(cookie: string | undefined, shown: ShownCollection, access: Key): boolean {
  return cookieIn(cookie, cookieName('shown', access)) === markOf(['shown', shown.collection, shown.reviewer], access);
}

/**
 * The value of `Set-Cookie` that keeps the name under which a browser reviews. It is signed together with the session. Clients
 * without a session hold the token or need none, so their cookie needs no signature.
 */
export function reviewerCookie(name: string, { session }: HasSession, access: Key): string {
  const value = session === null ? encoded(name) : `${encoded(name)}.${markOf(['name', session, name], access)}`;
  return `${reviewerCookieName(session, access)}=${value}; Path=/; ${ATTRIBUTES}; Max-Age=${REVIEWER_SECONDS}`;
}

type HasSession = Pick<Visitor, 'session'>;

function reviewerIn(cookie: string | undefined, { session }: HasSession, access: Key): string | null {
  const [given = '', mark] = (cookieIn(cookie, reviewerCookieName(session, access)) ?? '').split('.');
  const name = personName(decoded(given));
  return name !== null && (session === null || mark === markOf(['name', session, name], access)) ? name : null;
}

function reviewerCookieName(session: string | null, access: Key): string {
  return session === null ? 'winnow_reviewer' : cookieName('reviewer', access);
}

/** Proves that a server of this catalogue has made a cookie about these things. */
function markOf(about: readonly (string | null)[], { sessionKey }: Key): string {
  return secretFor(JSON.stringify(about), sessionKey);
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
