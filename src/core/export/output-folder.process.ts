import { createHash } from 'node:crypto';
import { open, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { toSha256, type Sha256 } from '../kernel/ids.ts';
import { sha256Of } from '../tools/sha256.ts';
import { CHECKSUMS, isOfAnExport } from './layout.ts';

export interface WrittenFile {
  readonly path: string;
  readonly sha256: Sha256;
  readonly bytes: number;
}

/**
 * A new folder for a revision. A file gets its line in SHA256SUMS when it is complete, so a million files need no more
 * memory than one. Calls do not overlap: the caller awaits each.
 */
export class OutputFolder {
  readonly root: string;
  readonly #checksums: ReturnType<typeof pieceWriter>;
  readonly #made = new Set<string>(['.']);
  readonly #makeFolder: (folder: string) => Promise<unknown>;
  #bytes = 0;

  private constructor(root: string, checksums: FileHandle, makeFolder: (folder: string) => Promise<unknown>) {
    this.root = root;
    this.#checksums = pieceWriter(checksums);
    this.#makeFolder = makeFolder;
  }

  static async open(root: string, makeFolder: (folder: string) => Promise<unknown>): Promise<OutputFolder> {
    return new OutputFolder(root, await open(path.join(root, CHECKSUMS), 'wx'), makeFolder);
  }

  get bytes(): number {
    return this.#bytes;
  }

  async put(relative: string, content: Uint8Array | string): Promise<WrittenFile> {
    await writeFile(await this.#placeFor(relative), content, { flag: 'wx' });
    const digest = sha256Of(content);
    return this.#note(relative, { sha256: toSha256(digest), bytes: Buffer.byteLength(content) });
  }

  /** `place` writes to an absolute path that does not exist yet, such as a copy or a link. */
  async add(
    relative: string,
    known: Pick<WrittenFile, 'sha256' | 'bytes'>,
    place: (absolute: string) => Promise<void>,
  ): Promise<WrittenFile> {
    await place(await this.#placeFor(relative));
    return this.#note(relative, known);
  }

  /** Starts a file that is written piece by piece. It counts once it is closed. */
  async start(relative: string): Promise<OutputFile> {
    const pieces = pieceWriter(await open(await this.#placeFor(relative), 'wx'));
    const hash = createHash('sha256');
    let bytes = 0;
    return {
      bytes: () => bytes,
      write: async (content) => {
        const piece = typeof content === 'string' ? Buffer.from(content) : content;
        hash.update(piece);
        bytes += piece.length;
        await pieces.write(piece);
      },
      close: async () => {
        await pieces.close();
        return this.#note(relative, { sha256: toSha256(hash.digest('hex')), bytes });
      },
    };
  }

  async close(): Promise<void> {
    await this.#checksums.close();
  }

  async #placeFor(relative: string): Promise<string> {
    // Publishing would leave a file that the layout lacks in place after a takedown.
    if (!isOfAnExport(relative)) throw new RangeError(`Expected a path of export/layout.ts but received '${relative}'`);
    const folder = path.dirname(relative);
    if (!this.#made.has(folder)) {
      await this.#makeFolder(path.join(this.root, folder));
      this.#made.add(folder);
    }
    return path.join(this.root, relative);
  }

  async #note(relative: string, { sha256, bytes }: Pick<WrittenFile, 'sha256' | 'bytes'>): Promise<WrittenFile> {
    await this.#checksums.write(Buffer.from(`${sha256}  ${relative}\n`));
    this.#bytes += bytes;
    return { path: relative, sha256, bytes };
  }
}

export interface OutputFile {
  /** Written so far. */
  readonly bytes: () => number;
  readonly write: (content: Uint8Array | string) => Promise<void>;
  readonly close: () => Promise<WrittenFile>;
}

/** Bytes that are collected before they are written: a call for each line of a table takes longer than its line. */
const PIECE_BYTES = 64 * 1_024;

function pieceWriter(handle: FileHandle) {
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  const flush = async (): Promise<void> => {
    const bytes = Buffer.concat(waiting);
    [waiting, waitingBytes] = [[], 0];
    await handle.writeFile(bytes);
  };
  return {
    write: async (bytes: Uint8Array): Promise<void> => {
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (waitingBytes >= PIECE_BYTES) await flush();
    },
    close: async (): Promise<void> => {
      await flush();
      await handle.close();
    },
  };
}

export interface PhotoSink<Photo> {
  /** Photos come in the order of their folders, and within a folder by id. */
  add(photo: Photo): Promise<void>;
  /** Called once after the last photo. Its files are then complete. */
  finish(): Promise<readonly WrittenFile[]>;
}
