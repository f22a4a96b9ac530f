import type { FineHashDeps } from '../../src/photo/fine-hashes.process.ts';
import { inspectPhoto } from '../../src/platform/image/inspect.ts';

/** For catalogues whose photos were made up: there are no bytes to compute a finer hash from. */
export const NO_BYTES: FineHashDeps = {
  blobs: { read: () => Promise.reject(Object.assign(new Error('no bytes'), { code: 'ENOENT' })) },
  inspect: inspectPhoto,
};
