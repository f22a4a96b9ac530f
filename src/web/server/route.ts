import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Role } from '../../core/kernel/people.ts';
import type { Access } from './access/access.ts';
import type { Actor } from '../../core/kernel/activity.ts';

export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** The role of the client; null if it has none. */
  readonly role: Role | null;
  /** The name under which reviews of the client are stored. Null if the client must choose one first. */
  readonly reviewer: string | null;
  /** True if the token of the client fixes that name. */
  readonly hasNamedToken: boolean;
  /** The session that the browser showed; null for a client without one. */
  readonly session: string | null;
}

/** The part of the path that the route gives this name; '' if there is none. */
export function paramOf({ params }: FastifyRequest, name: string): string {
  const value: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, name) : undefined;
  return typeof value === 'string' ? value : '';
}

export function queryOf({ request }: Exchange): URLSearchParams {
  return new URLSearchParams(request.url.split('?')[1]);
}

/** The holder of a limit: the person of a token, otherwise the address (for IPv6, the network). */
export function holderOf({ request, reviewer, hasNamedToken }: Exchange): string {
  return hasNamedToken && reviewer !== null ? `person ${reviewer}` : normalizeIP(request.ip);
}

/** The person of a request. The signal aborts when its connection closes. */
export function askerOf(exchange: Exchange): { readonly holder: string; readonly signal: AbortSignal } {
  const { raw } = exchange.reply;
  const gone = new AbortController();
  if (raw.destroyed) gone.abort();
  raw.once('close', () => gone.abort());
  return { holder: holderOf(exchange), signal: gone.signal };
}

export function wantsPage({ headers }: FastifyRequest): boolean {
  return (headers.accept ?? '').includes('text/html');
}

export interface Route<Context extends readonly unknown[] = []> {
  readonly method: 'GET' | 'POST';
  /** As fastify writes it: `/photos/:sha256`. */
  readonly path: string;
  /** The least role that may send the request; null if no role is needed. */
  readonly role: Role | null;
  /** Requests per minute from one address. Default: no limit. */
  readonly perMinute?: number;
  /** The largest body that it takes, in bytes, if the body may be larger than usual. */
  readonly maxBodyBytes?: number;
  /** Returns the answer. An object is sent as JSON. */
  handle(exchange: Exchange, ...context: Context): Promise<unknown>;
}

/** The person as the frame of each page needs it. */
export function readerProps({ role }: Exchange, { tokens }: Pick<Access, 'tokens'>) {
  return { role, hasTokens: tokens.length > 0 };
}

export const HTML = 'text/html; charset=utf-8';

/** Who sends a request, for the activity log: the person of the token, or else its role. */
export function actorOf({ request, role, reviewer, hasNamedToken }: Exchange): Actor {
  return { who: (hasNamedToken ? reviewer : null) ?? role ?? 'nobody', place: request.ip };
}
