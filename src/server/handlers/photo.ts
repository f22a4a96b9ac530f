import { codeOf } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { isSha256 } from '../../kernel/ids.ts';
import { paramOf, type Route } from '../route.ts';

export interface PhotoDeps {
  /** The format in which a photo was stored, by its content; null if there is no such photo. */
  readonly formatOf: (sha256: Sha256) => Promise<string | null>;
  /** Rejects with `ENOENT` if there are no bytes. */
  readonly read: (sha256: Sha256) => Promise<Buffer>;
}

/** What inspection lets in, and nothing else: neither HTML nor SVG is ever sent, whatever a file was called. */
const MEDIA_TYPES: Readonly<Record<string, string>> = { jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp' };

/** The bytes of a photo, as a picture and nothing else: came from strangers, and opened by itself it still may run nothing. */
export function photoRoute({ formatOf, read }: PhotoDeps): Route {
  return {
    method: 'GET',
    path: '/photos/:sha256',
    role: 'viewer',
    async handle({ request, reply }) {
      const sha256 = paramOf(request, 'sha256');
      const format = isSha256(sha256) ? await formatOf(sha256) : null;
      const mediaType = MEDIA_TYPES[format ?? ''];
      if (!isSha256(sha256) || mediaType === undefined) return reply.callNotFound();
      const bytes = await readOrNull(read, sha256);
      if (bytes === null) return reply.callNotFound();
      return reply
        .header('content-type', mediaType)
        .header('content-disposition', 'inline')
        .header('content-security-policy', "default-src 'none'; sandbox")
        .header('cache-control', 'private, max-age=3600')
        .send(bytes);
    },
  };
}

/** Null if the bytes are gone (pruned, or taken down a moment ago): where they would be is nobody's business. */
async function readOrNull(read: PhotoDeps['read'], sha256: Sha256): Promise<Buffer | null> {
  try {
    return await read(sha256);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}
