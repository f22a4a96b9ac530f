import { openRevisionFile } from '../../../export/revision-file.process.ts';
import type { Site } from '../../dashboard.ts';
import { revisionInPath } from '../../revision-in-path.ts';
import type { Exchange } from '../../route.ts';

const MEDIA_TYPES = {
  'README.md': 'text/plain; charset=utf-8',
  'protocol.json': 'application/json; charset=utf-8',
} as const;

/** Sends a text of a revision's folder, which a browser shows as it is. */
export async function sendRevisionFile(
  exchange: Exchange,
  site: Site,
  file: keyof typeof MEDIA_TYPES,
): Promise<unknown> {
  const { revision } = await revisionInPath(exchange, site);
  const { handle, bytes } = await openRevisionFile(revision.path, file);
  return exchange.reply
    .header('content-type', MEDIA_TYPES[file])
    .header('content-length', bytes)
    .header('content-disposition', 'inline')
    .header('content-security-policy', "default-src 'none'; sandbox")
    .send(handle.createReadStream());
}
