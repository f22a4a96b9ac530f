import type { OutputFile, OutputFolder, PhotoSink, WrittenFile } from './output-folder.process.ts';
import type { PhotoFile } from './photo-row.ts';

/**
 * Writes a table with a line for each photo.
 *
 * @param header the text before the first line
 */
export async function tableSink(
  output: OutputFolder,
  path: string,
  { header, lineOf }: { readonly header: string; readonly lineOf: (photo: PhotoFile) => string },
): Promise<PhotoSink<PhotoFile>> {
  const file: OutputFile = await output.start(path);
  await file.write(header);
  return {
    add: (photo) => file.write(lineOf(photo)),
    finish: async (): Promise<readonly WrittenFile[]> => [await file.close()],
  };
}
