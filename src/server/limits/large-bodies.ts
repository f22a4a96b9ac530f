import type { FastifyReply, FastifyRequest } from 'fastify';
import { responsePlaces } from '../live/response-places.ts';

export const SMALL_BODY_BYTES = 64 * 1024;
/** So many requests with a larger body are handled at once. Others wait unread, and are then refused. */
const LARGE_BODIES = 2;
const LARGE_BODY_WAIT_MS = 20_000;

/** Returns a function that takes a place for a request with a large body. It resolves to false if no place becomes free in time. */
export function largeBodyPlaces(): (request: FastifyRequest, reply: FastifyReply) => Promise<boolean> {
  const takePlace = responsePlaces(LARGE_BODIES, LARGE_BODY_WAIT_MS);
  return async ({ headers, routeOptions: { bodyLimit } }, reply) => {
    const bytes = Number(headers['content-length'] ?? bodyLimit);
    // Larger bodies than the limit are refused without being read.
    return bytes <= SMALL_BODY_BYTES || bytes > bodyLimit || takePlace(reply.raw);
  };
}

export const TOO_MANY_LARGE = 'Other large requests are being handled; send this one again later';

export const BODY_TOO_LARGE = 'FST_ERR_CTP_BODY_TOO_LARGE';

export function tooLargeText({ headers, routeOptions: { bodyLimit } }: FastifyRequest): string {
  return `Expected a body of at most ${bodyLimit} bytes but received ${headers['content-length'] ?? 'more'}`;
}
