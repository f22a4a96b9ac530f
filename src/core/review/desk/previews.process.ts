import pLimit from 'p-limit';
import { messageOf } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { previewOf } from '../../photo/thumbnails.process.ts';

/** One preview at a time in the whole process, so that requests need not wait for a processor. */
const ONE_AT_A_TIME = pLimit(1);
/** The pages of two people who look ahead. With more, a preview is made when it is asked for. */
const MOST_WAITING = 200;

/** Never rejects: if a preview cannot be made, the request for it tries again and says why. */
export async function preparePreviews(
  app: Pick<App, 'blobs' | 'config' | 'dataDir' | 'log'>,
  photos: readonly Sha256[],
  signal: AbortSignal,
): Promise<void> {
  if (ONE_AT_A_TIME.pendingCount >= MOST_WAITING) return;
  await ONE_AT_A_TIME.map(photos, async (sha256) => {
    if (signal.aborted) return;
    await previewOf(app, sha256, signal).catch((error: unknown) =>
      app.log.debug({ sha256, reason: messageOf(error) }, 'a preview could not be prepared'),
    );
  });
}
