import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Role } from '../kernel/people.ts';

export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** The role of the client; null if it has none. */
  readonly role: Role | null;
  /** The name under which reviews of the client are stored. Null: the client must choose one first. */
  readonly reviewer: string | null;
  /** Whether the token of the client fixes that name. */
  readonly hasNamedToken: boolean;
}

/** The part of the path that the route gives this name; '' if there is none. */
export function paramOf({ params }: FastifyRequest, name: string): string {
  const value: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, name) : undefined;
  return typeof value === 'string' ? value : '';
}

/** Who a limit counts for: the person of a token, else the address (of IPv6, the network). */
export function holderOf({ request, reviewer, hasNamedToken }: Exchange): string {
  return hasNamedToken && reviewer !== null ? `person ${reviewer}` : normalizeIP(request.ip);
}

/** Whether a person looks at the answer, in a browser. */
export function wantsPage({ headers }: FastifyRequest): boolean {
  return (headers.accept ?? '').includes('text/html');
}

/** One line of the table of routes, for a server that has a context. */
export interface Route<Context extends readonly unknown[] = []> {
  readonly method: 'GET' | 'POST';
  /** As fastify writes it: `/photos/:sha256`. */
  readonly path: string;
  /** The least role that may; null: anybody. */
  readonly role: Role | null;
  /** Requests a minute of one address; no limit if left out. */
  readonly perMinute?: number;
  /** The largest body that it takes, in bytes, if the body may be larger than usual. */
  readonly maxBodyBytes?: number;
  /** What it returns is sent; an object as JSON. */
  handle(exchange: Exchange, ...context: Context): Promise<unknown>;
}

export const HTML = 'text/html; charset=utf-8';
