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
export function openShards(
  folder: OutputFolder,
  { maxBytes = MAX_SHARD_BYTES }: ShardOptions = {},
): PhotoSink<PhotoFile> {
  const written: WrittenFile[] = [];
  let shard: OutputFile | null = null;
  /** The two empty blocks that end an archive. */
  const end = packTar([]);
  const closeShard = async (): Promise<void> => {
    if (shard === null) return;
    await shard.write(await end);
    written.push(await shard.close());
    shard = null;
  };
  return {
    async add({ row, bytes }) {
      const key = `${path.posix.dirname(row.file_name)}/${row.id}`;
      const archive = await packTar([
        member(`${key}.jpg`, bytes),
        member(`${key}.json`, Buffer.from(rowText(row))),
        member(`${key}.cls`, Buffer.from(String(row.label))),
      ]);
      if (shard !== null && shard.bytes() + archive.length > maxBytes) await closeShard();
      shard ??= await folder.start(shardPath(written.length));
      // Archives without their ends, one after another, are one archive.
      await shard.write(archive.subarray(0, archive.length - (await end).length));
    },
    async finish() {
      await closeShard();
      return written;
    },
  };
}

function member(name: string, body: Buffer): Parameters<typeof packTar>[0][number] {
  return { header: { ...TAR_MEMBER, name, size: body.length }, body };
}
