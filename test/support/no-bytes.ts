import type { FineHashDeps } from '../../src/photo/fine-hashes.process.ts';
import { inspect } from '../../src/app/photos/inspect.ts';
import { LostBytes } from '../../src/kernel/blobs.ts';

/** For catalogues whose photos were made up: there are no bytes to compute a finer hash from. */
export const NO_BYTES: FineHashDeps = {
  blobs: { read: () => Promise.reject(new LostBytes('missing', 'no bytes')) },
  inspect,
};
