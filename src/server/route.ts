import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Role } from './access.ts';

export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Of whoever asks; null: nobody who is known. */
  readonly role: Role | null;
}

/** The part of the path that the route calls so. */
export function paramOf({ params }: FastifyRequest, name: string): string {
  const value: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, name) : undefined;
  return typeof value === 'string' ? value : '';
}

/** Whether a person looks at the answer, in a browser. */
export function wantsPage({ headers }: FastifyRequest): boolean {
  return (headers.accept ?? '').includes('text/html');
}

/** One line of the table of routes. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** As fastify writes it: `/photos/:sha256`. */
  readonly path: string;
  /** The least role that may; null: anybody. */
  readonly role: Role | null;
  /** Requests a minute of one address; no limit if left out. */
  readonly perMinute?: number;
  /** What it returns is sent; an object as JSON. */
  handle(exchange: Exchange): Promise<unknown>;
}
