import type { BlobStore } from '../../kernel/blobs.ts';
import { openBlobFolder } from './blob-folder.ts';
import type { BlobPlace } from './blob-place.ts';

/** Amazon's client is loaded only if it is needed, because loading takes longer than most commands. */
export async function openBlobs(place: BlobPlace): Promise<BlobStore> {
  if (place.kind === 'folder') return openBlobFolder(place.folder);
  const { openBlobBucket } = await import('./blob-bucket.ts');
  return openBlobBucket(place);
}
