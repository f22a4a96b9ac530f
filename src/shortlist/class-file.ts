import { createHash } from 'node:crypto';

/** Two digits each, with everything else below the 255 bytes that file systems allow for a name. */
const MAX_BYTES_SHOWN = 64;

/**
 * The file of a class's page. Ids of a user's own may differ in case alone, which some file systems do not tell apart:
 * those with capitals carry their bytes, or, if there are more than a name has room for, a hash of them. So do those that
 * would else look like it.
 */
export function classFile(wnid: string): string {
  if (/^[a-z0-9_-]+$/.test(wnid) && !/-(?:[0-9a-f]{2})+$/.test(wnid)) return `class-${wnid}.html`;
  const bytes = Buffer.from(wnid);
  const shown = bytes.length <= MAX_BYTES_SHOWN ? bytes : createHash('sha256').update(bytes).digest();
  return `class-${wnid.replaceAll(/\W/g, '_').slice(0, 64)}-${shown.toString('hex')}.html`;
}
