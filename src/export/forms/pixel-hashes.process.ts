import type { OutputFolder, PhotoSink } from '../output-folder.process.ts';
import type { PhotoFile } from '../select/photo-row.ts';
import { PIXEL_HASHES } from '../verify/layout.ts';

/**
 * Writes a line for each photo that would be re-encoded: the SHA-256 of its pixels (8-bit RGB, row by row), two spaces, and its file
 * in `test/`. `assets/fetch.py` compares them, because another program writes other PNG bytes.
 */
export async function openPixelHashes(output: OutputFolder): Promise<PhotoSink<PhotoFile>> {
  const file = await output.start(PIXEL_HASHES);
  return {
    add: async ({ row, pixelsSha256 = null }) => {
      if (pixelsSha256 !== null) await file.write(`${pixelsSha256}  test/${row.file_name}\n`);
    },
    finish: async () => [await file.close()],
  };
}
