import { sha256Of } from '../../../config/sha256.ts';
import { unreadable } from '../misfit.ts';
import type { PhotoProblem } from '../../../kernel/reasons.ts';
import { bytePathOf, pathOfFileUrl } from './byte-path.ts';
import { useFile } from './file-system.process.ts';

const HASH_DIGITS = /@([0-9a-f]{16})$/;

/** A file that has changed is another picture, which the next crawl will find. */
export function readFolderPicture(
  { sourceId, url }: { readonly sourceId: string; readonly url: string },
  maxBytes: number,
): Promise<Buffer | PhotoProblem> {
  return useFile(bytePathOf(pathOfFileUrl(url)), maxBytes, async (handle) => {
    const bytes = await handle.readFile();
    const digits = sha256Of(bytes).slice(0, 16);
    if (digits === HASH_DIGITS.exec(sourceId)?.[1]) return bytes;
    return unreadable('changed since it was found: crawl the folder again');
  });
}
