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
const ENCODINGS = [
  {
    name: 'br',
    compress: (payload: string | Uint8Array, isFile: boolean) =>
      toBrotli(payload, { params: { [constants.BROTLI_PARAM_QUALITY]: isFile ? constants.BROTLI_MAX_QUALITY : 4 } }),
  },
  {
    name: 'gzip',
    compress: (payload: string | Uint8Array, isFile: boolean) =>
      toGzip(payload, { level: isFile ? constants.Z_BEST_COMPRESSION : constants.Z_BEST_SPEED }),
  },
] as const;

/** Streams and pictures are sent as they are. */
export function compressTexts(app: FastifyInstance): void {
  const files = { br: new WeakMap<Uint8Array, Promise<Buffer>>(), gzip: new WeakMap<Uint8Array, Promise<Buffer>>() };
  const compressedFile = (file: Uint8Array, { name, compress }: (typeof ENCODINGS)[number]): Promise<Buffer> => {
    const made = files[name].get(file) ?? compress(file, true);
    files[name].set(file, made);
    return made;
  };
  app.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) return payload;
    const type = String(reply.getHeader('content-type'));
    if (payload.length < LEAST_BYTES || !COMPRESSIBLE.test(type)) return payload;
    reply.header('vary', 'accept-encoding');
    const accepted = request.headers['accept-encoding'] ?? '';
    const encoding = ENCODINGS.find(({ name }) =>
      new RegExp(String.raw`\b${name}\b(?!;\s*q=0(?:\.0*)?\s*(?:,|$))`).test(accepted),
    );
    if (encoding === undefined) return payload;
    reply.header('content-encoding', encoding.name).removeHeader('content-length');
    const isFile = typeof payload !== 'string' && FILE.test(type);
    return isFile ? compressedFile(payload, encoding) : encoding.compress(payload, false);
  });
}
