import path from 'node:path';
import { packTar } from 'modern-tar';
import type { OutputFile, OutputFolder, PhotoSink, WrittenFile } from '../output-folder.process.ts';
import { shardPath } from '../layout.ts';
import { rowText, type PhotoFile } from '../select/photo-row.ts';

/** About the size that the Hugging Face Hub advises. */
const MAX_SHARD_BYTES = 1_000_000_000;

/** Tar header fields of every member. They are constant, so that the same photos give the same bytes. */
export const TAR_MEMBER = {
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  uname: '',
  gname: '',
  mtime: new Date(0),
} as const;

export interface ShardOptions {
  /** A shard is closed before it becomes larger. A photo that is larger has a shard to itself. In bytes. */
  readonly maxBytes?: number;
}

/**
 * Writes WebDataset shards. A photo is three adjacent members with one key: `<folder>/<id>.jpg`, `.json` (its row) and
 * `.cls` (its label). A PNG is also a `.jpg` member: loaders want the same members in each sample, and tell formats by
 * the content. Source: `base_plus_ext` of the package `webdataset` 1.0.2, which cuts the key at the first dot of the
 * base name.
 */
export class ShardSink implements PhotoSink<PhotoFile> {
  readonly #folder: OutputFolder;
  readonly #maxBytes: number;
  readonly #written: WrittenFile[] = [];
  #shard: OutputFile | null = null;
  /** The two empty blocks that end an archive. */
  readonly #end: Promise<Uint8Array> = packTar([]);

  constructor(folder: OutputFolder, { maxBytes = MAX_SHARD_BYTES }: ShardOptions = {}) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  async add({ row, bytes }: PhotoFile): Promise<void> {
    const key = `${path.posix.dirname(row.file_name)}/${row.id}`;
    const archive = await packTar([
      member(`${key}.jpg`, bytes),
      member(`${key}.json`, Buffer.from(rowText(row))),
      member(`${key}.cls`, Buffer.from(String(row.label))),
    ]);
    if (this.#shard !== null && this.#shard.bytes + archive.length > this.#maxBytes) await this.#closeShard();
    this.#shard ??= await this.#folder.start(shardPath(this.#written.length));
    // Archives without their ends, one after another, are one archive.
    const end = await this.#end;
    await this.#shard.write(archive.subarray(0, archive.length - end.length));
  }

  async finish(): Promise<readonly WrittenFile[]> {
    await this.#closeShard();
    return this.#written;
  }

  async #closeShard(): Promise<void> {
    if (this.#shard === null) return;
    await this.#shard.write(await this.#end);
    this.#written.push(await this.#shard.close());
    this.#shard = null;
  }
}

function member(name: string, body: Buffer): Parameters<typeof packTar>[0][number] {
  return { header: { ...TAR_MEMBER, name, size: body.length }, body };
}
