import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';

/** Smaller answers fit into one packet or two. */
const LEAST_BYTES = 1_400;
const COMPRESSIBLE = /^(?:text\/(?!event-stream)|application\/(?:json|javascript))/;
const compress = promisify(gzip);

/** Streams and pictures are sent as they are. Scripts and styles are compressed once. */
export function compressTexts(app: FastifyInstance): void {
  const known = new WeakMap<Uint8Array, Promise<Buffer>>();
  const compressed = (payload: string | Uint8Array): Promise<Buffer> => {
    const before = typeof payload === 'string' ? undefined : known.get(payload);
    const made = before ?? compress(payload, { level: constants.Z_BEST_SPEED });
    if (typeof payload !== 'string') known.set(payload, made);
    return made;
  };
  app.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) return payload;
    if (payload.length < LEAST_BYTES || !COMPRESSIBLE.test(String(reply.getHeader('content-type')))) return payload;
    reply.header('vary', 'accept-encoding');
    if (!/\bgzip\b(?!;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(request.headers['accept-encoding'] ?? '')) return payload;
    reply.header('content-encoding', 'gzip').removeHeader('content-length');
    return compressed(payload);
  });
}
