import type { OutputFolder, PhotoSink } from '../output-folder.process.ts';
import { rowText, type PhotoFile } from '../select/photo-row.ts';

export async function openMetadata(output: OutputFolder): Promise<PhotoSink<PhotoFile>> {
  const file = await output.start('test/metadata.jsonl');
  return {
    add: ({ row }) => file.write(`${rowText(row)}\n`),
    finish: async () => [await file.close()],
  };
}
