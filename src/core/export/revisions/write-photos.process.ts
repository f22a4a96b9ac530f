import { constants } from 'node:fs';
import { copyFile, link, writeFile } from 'node:fs/promises';
import type { OutputFolder, PhotoSink } from '../output-folder.process.ts';
import type { PhotoFile } from '../select/photo-row.ts';
import type { ExportOptions } from '../options.ts';
import type { Protocol } from '../protocol.ts';
import { rowOf, type RowContext } from '../select/row-of.ts';
import { LOST_BYTES_CURE, LostBytes } from '../../kernel/blobs.ts';
import { codeOf, StopTheRun, throwIfInterrupted } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { mapInOrder } from '../../kernel/map-in-order.ts';
import { sha256Of } from '../../tools/sha256.ts';
import { exportedPicture } from '../../platform/image/exported-picture.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { chosenPhotos } from '../select/plan-file.process.ts';
import type { SelectedPhoto, Split } from '../select/select.ts';
import { photoPath } from '../layout.ts';

export interface PhotosToWrite {
  /** The file of the plan. */
  readonly file: string;
  readonly output: OutputFolder;
  readonly context: RowContext;
  readonly split: Split;
  readonly sinks: readonly PhotoSink<PhotoFile>[];
  readonly options: ExportOptions;
  readonly onProgress: (written: { readonly photos: number; readonly bytes: number }) => void;
}

const AT_ONCE = 8;

export type WrittenPhotos = Pick<Protocol, 'bytes' | 'stripped' | 'reencoded' | 'pictures'> & {
  readonly linked: number;
};

export async function writePhotos(app: App, given: PhotosToWrite): Promise<WrittenPhotos> {
  const { file, split, output, context, sinks, options, onProgress } = given;
  const { pixels, signal } = options;
  const total = { photos: 0, bytes: 0, unchanged: 0, stripped: 0, reencoded: 0, pictures: { jpg: 0, png: 0 } };
  const copy = copier(app, options.hardLinks);
  let linked = 0;
  const files = mapInOrder(chosenPhotos(file, split), { limit: AT_ONCE, signal }, (photo) =>
    readPicture(app, photo, options),
  );
  for await (const { photo, picture, sha256 } of files) {
    throwIfInterrupted(signal);
    const { bytes, change, extension, pixelsSha256 } = picture;
    const row = rowOf(photo, { ...picture, sha256 }, context);
    if (pixels) {
      const path = photoPath(row.file_name, split);
      if (change === 'unchanged')
        await output.add(path, { sha256, bytes: bytes.length }, async (place) => {
          if ((await copy(sha256, bytes, place)) && options.hardLinks) linked += 1;
        });
      else await output.put(path, bytes);
      total.bytes += bytes.length;
      total.pictures[extension] += 1;
      total[change] += 1;
    }
    for (const sink of sinks) await sink.add({ row, bytes, pixelsSha256 });
    total.photos += 1;
    onProgress(total);
  }
  throwIfInterrupted(signal);
  const { bytes, stripped, reencoded, pictures } = total;
  return { bytes, stripped, reencoded, pictures, linked };
}

async function readPicture(app: App, photo: SelectedPhoto, options: ExportOptions) {
  const { sha256 } = photo;
  const original = await app.blobs.read(sha256).catch((error: unknown) => {
    if (!(error instanceof LostBytes)) throw error;
    throw new StopTheRun(
      `The bytes of the accepted photo ${sha256} cannot be read: ${error.message}. ${LOST_BYTES_CURE}. No revision was made.`,
      { code: 'lost-bytes', cause: error },
    );
  });
  const picture = await exportedPicture(original, options);
  const isUnchanged = picture.change === 'unchanged';
  return { photo, picture, sha256: isUnchanged ? sha256 : sha256Of(picture.bytes) };
}

const CANNOT_SHARE = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EINVAL', 'ENOTTY', 'EPERM', 'EMLINK']);

/**
 * Copies stored bytes. Where the file system can, both files share their blocks until one is changed (a reflink), or
 * are one file (a hard link, on request). Otherwise it writes the bytes, which are in memory already.
 * @returns true if the files share something
 */
function copier(app: App, hardLinks: boolean) {
  const share = hardLinks ? link : reflink;
  let canShare = app.blobPlace.kind === 'folder';
  return async (sha256: Sha256, bytes: Buffer, file: string): Promise<boolean> => {
    if (canShare) {
      try {
        await share(app.blobs.placeOf(sha256), file);
        return true;
      } catch (error) {
        if (!CANNOT_SHARE.has(codeOf(error) ?? '')) throw error;
        canShare = false;
      }
    }
    await writeFile(file, bytes, { flag: 'wx' });
    return false;
  };
}

const reflink = (from: string, to: string): Promise<void> => copyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
