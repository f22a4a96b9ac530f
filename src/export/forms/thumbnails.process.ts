import path from 'node:path';
import type { OutputFolder, PhotoSink, WrittenFile } from '../output-folder.process.ts';
import type { PhotoFile } from '../select/photo-row.ts';

export type MakeSmallCopy = (photo: PhotoFile) => Promise<Uint8Array>;

/** Writes a small copy of each photo: `thumbnails/<folder>/<id>.webp`. */
export class ThumbnailSink implements PhotoSink<PhotoFile> {
  readonly #folder: OutputFolder;
  readonly #makeSmallCopy: MakeSmallCopy;

  constructor(folder: OutputFolder, makeSmallCopy: MakeSmallCopy) {
    this.#folder = folder;
    this.#makeSmallCopy = makeSmallCopy;
  }

  async add(photo: PhotoFile): Promise<void> {
    const { file_name, id } = photo.row;
    const name = `thumbnails/${path.posix.dirname(file_name)}/${id}.webp`;
    await this.#folder.put(name, await this.#makeSmallCopy(photo));
  }

  /** Names no files: a list of a million would not fit the promise of constant memory. SHA256SUMS has them. */
  async finish(): Promise<readonly WrittenFile[]> {
    return [];
  }
}
