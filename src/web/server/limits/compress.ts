import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';

/** Smaller answers fit into one packet or two. */
const LEAST_BYTES = 1_400;
const COMPRESSIBLE = /^(?:text\/(?!event-stream)|application\/(?:json|javascript))/;
/** Scripts and styles, which are compressed once and may take longer. */
const FILE = /^text\/(?:javascript|css)/;
const toGzip = promisify(gzip);
const toBrotli = promisify(brotliCompress);

/** The encoding with the smallest result first. */
const ENCODINGS = {
  br: (payload: string | Uint8Array, isFile: boolean): Promise<Buffer> =>
    toBrotli(payload, { params: { [constants.BROTLI_PARAM_QUALITY]: isFile ? constants.BROTLI_MAX_QUALITY : 4 } }),
  gzip: (payload: string | Uint8Array, isFile: boolean): Promise<Buffer> =>
    toGzip(payload, { level: isFile ? constants.Z_BEST_COMPRESSION : constants.Z_BEST_SPEED }),
};
const NAMES = ['br', 'gzip'] as const;

/** Streams and pictures are sent as they are. */
export function compressTexts(app: FastifyInstance): void {
  const files = { br: new WeakMap<Uint8Array, Promise<Buffer>>(), gzip: new WeakMap<Uint8Array, Promise<Buffer>>() };
  app.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) return payload;
    const type = String(reply.getHeader('content-type'));
    if (payload.length < LEAST_BYTES || !COMPRESSIBLE.test(type)) return payload;
    reply.header('vary', 'accept-encoding');
    const accepted = request.headers['accept-encoding'] ?? '';
    const name = NAMES.find((one) => new RegExp(String.raw`\b${one}\b(?!;\s*q=0(?:\.0*)?\s*(?:,|$))`).test(accepted));
    if (name === undefined) return payload;
    reply.header('content-encoding', name).removeHeader('content-length');
    if (typeof payload === 'string' || !FILE.test(type)) return ENCODINGS[name](payload, false);
    const file = files[name].get(payload) ?? ENCODINGS[name](payload, true);
    files[name].set(payload, file);
    return file;
  });
}
