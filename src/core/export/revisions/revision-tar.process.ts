import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { createTarPacker, type TarPackController } from 'modern-tar';
import { listedFile } from '../checksums.ts';
import { CHECKSUMS } from '../layout.ts';
import { openRevisionFile } from './revision-file.process.ts';
import { TAR_MEMBER } from '../forms/shards.process.ts';
import { linesOf } from '../../kernel/lines.ts';
import { unreadable } from '../../kernel/errors.ts';

const CHUNK_BYTES = 256 * 1024;

/**
 * A revision's folder as one tar archive: the files of SHA256SUMS in its order, then SHA256SUMS. The same folder gives
 * the same bytes. If a file is missing or differs, the stream ends with an error, so that the archive does not look
 * whole.
 */
export function revisionTar(folder: string, within: string): Readable {
  const { readable, controller } = createTarPacker();
  // The reader of the stream receives the error.
  addFiles(controller, folder, within).catch((error: unknown) => controller.error(error));
  return Readable.from(readable, { objectMode: false });
}

async function addFiles(controller: TarPackController, folder: string, within: string): Promise<void> {
  for await (const listed of listedFiles(folder)) await addFile(controller, { folder, within, ...listed });
  await addFile(controller, { folder, within, file: CHECKSUMS, sha256: null });
  controller.finalize();
}

async function* listedFiles(folder: string): AsyncGenerator<Pick<Member, 'file' | 'sha256'>> {
  const { handle } = await openRevisionFile(folder, CHECKSUMS);
  const chunks: AsyncIterable<Buffer> = handle.createReadStream();
  for await (const { number, text } of linesOf(chunks)) {
    const listed = listedFile(text);
    if (typeof listed === 'string') throw unreadable(`Line ${number} of ${CHECKSUMS} is wrong: ${listed}`);
    yield listed;
  }
}

interface Member {
  readonly folder: string;
  readonly within: string;
  readonly file: string;
  /** From SHA256SUMS; null if it does not list the file. */
  readonly sha256: string | null;
}

async function addFile(controller: TarPackController, { folder, within, file, sha256 }: Member): Promise<void> {
  const { handle, bytes } = await openRevisionFile(folder, file);
  // It closes the file also if the archive is not wanted any more.
  const chunks = handle.createReadStream({ highWaterMark: CHUNK_BYTES });
  const hash = createHash('sha256');
  try {
    const member = controller.add({ ...TAR_MEMBER, name: `${within}/${file}`, size: bytes }).getWriter();
    for await (const chunk of chunks) {
      hash.update(chunk);
      await member.write(chunk);
    }
    if (sha256 !== null && hash.digest('hex') !== sha256)
      throw unreadable(`Expected '${file}' as ${CHECKSUMS} lists it but it was changed`);
    await member.close();
  } finally {
    chunks.destroy();
  }
}
