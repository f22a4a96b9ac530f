import { posix } from 'node:path';
import type { OutputFolder, PhotoSink } from '../output-folder.process.ts';
import { rowText, type PhotoFile } from '../select/photo-row.ts';
import { METADATA, photoPath, PIXEL_HASHES, thumbnailPath } from '../layout.ts';

export async function openMetadata(output: OutputFolder, path = METADATA): Promise<PhotoSink<PhotoFile>> {
  const file = await output.start(path);
  return {
    add: ({ row }) => file.write(`${rowText(row)}\n`),
    finish: async () => [await file.close()],
  };
}

/**
 * Writes the SHA-256 of the pixels (8-bit RGB, row by row) of each re-encoded photo. `assets/fetch.py` compares them,
 * because another program writes other PNG bytes.
 */
export async function openPixelHashes(output: OutputFolder): Promise<PhotoSink<PhotoFile>> {
  const file = await output.start(PIXEL_HASHES);
  return {
    add: async ({ row, pixelsSha256 = null }) => {
      if (pixelsSha256 !== null) await file.write(`${pixelsSha256}  ${photoPath(row.file_name)}\n`);
    },
    finish: async () => [await file.close()],
  };
}

export function thumbnailSink(
  output: OutputFolder,
  makeSmallCopy: (photo: PhotoFile) => Promise<Uint8Array>,
): PhotoSink<PhotoFile> {
  return {
    add: async (photo) => {
      const { file_name, id } = photo.row;
      await output.put(thumbnailPath(posix.dirname(file_name), id), await makeSmallCopy(photo));
    },
    // Names no files: a list of a million would not fit the promise of constant memory. SHA256SUMS has them.
    finish: async () => [],
  };
}
