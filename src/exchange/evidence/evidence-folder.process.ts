import { createHash, randomBytes } from 'node:crypto';
import { readdir, rename, rm, rmdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { displayPath } from '../../core/config/root.ts';
import { messageOf, throwIfInterrupted, unlessCode, UsageError } from '../../core/kernel/errors.ts';
import { makeFolder, syncFolder } from '../../core/platform/disk/folders.ts';
import { explainFullDisk } from '../../core/platform/disk/full-disk.ts';
import { openInside } from '../../core/platform/disk/plain-file.ts';
import { UNFINISHED } from '../../core/platform/disk/replace-file.ts';
import { ParquetFile } from '../../core/platform/parquet/write-parquet.ts';
import {
  parsePlan,
  partName,
  PLAN_FILE,
  PLANNED_COLUMNS,
  PLANNED_SCHEMA,
  SHARD_FOLDER,
  type Plan,
  type PlannedPhoto,
} from './format.ts';

/**
 * Fills a folder beside its final place and renames it, so that an interrupted command leaves nothing that looks whole.
 * @throws UsageError `out-not-empty`
 */
export async function writeFolder<T>(out: string, fill: (folder: string) => Promise<T>): Promise<T> {
  const target = path.resolve(out);
  await requireEmpty(target);
  const unfinished = `${target}.${randomBytes(6).toString('hex')}${UNFINISHED}`;
  await makeFolder(path.join(unfinished, SHARD_FOLDER));
  try {
    const result = await explainFullDisk(target, () => fill(unfinished));
    await unlessCode(rmdir(target), 'ENOENT');
    await rename(unfinished, target);
    await syncFolder(path.dirname(target));
    return result;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

async function requireEmpty(folder: string): Promise<void> {
  const [name] = (await unlessCode(readdir(folder), 'ENOENT')) ?? [];
  if (name === undefined) return;
  throw new UsageError(
    `Expected a new or empty folder for --out but '${displayPath(folder)}' has '${name}'. Give another folder, or remove this one.`,
    { code: 'out-not-empty' },
  );
}

/** Writes a shard of the plan. A row group has at most 1,000 photos. */
export async function writeShard(
  folder: string,
  index: number,
  photos: readonly PlannedPhoto[],
): Promise<Plan['shards'][number]> {
  const file = `${SHARD_FOLDER}/${partName(index)}`;
  const parquet = await ParquetFile.open(path.join(folder, file), { schema: [...PLANNED_SCHEMA] });
  for (let at = 0; at < photos.length; at += 1_000) {
    const group = photos.slice(at, at + 1_000);
    const columnData = PLANNED_COLUMNS.map((name) => ({ name, data: group.map((photo) => photo[name]) }));
    await parquet.writeGroup(columnData, group.length);
  }
  const { sha256 } = await parquet.close();
  return { file, sha256, rows: photos.length };
}

/**
 * Opens a file of a folder that may come from a stranger: neither the file nor a folder on the way to it may be a link.
 * @throws the error of the file system; Error for a link, a pipe and all else that is no file
 */
export async function openEvidenceFile(folder: string, name: string): Promise<FileHandle> {
  const handle = await openInside(folder, name);
  if (handle === null) throw new Error('it is a link, or no file');
  return handle;
}

async function withFile<T>(folder: string, name: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await openEvidenceFile(folder, name);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

/** Larger than the plan of a million photos in shards of five. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;

export function readEvidenceText(folder: string, name: string): Promise<string> {
  return withFile(folder, name, async (handle) => {
    const { size } = await handle.stat();
    if (size <= MAX_TEXT_BYTES) return handle.readFile('utf8');
    throw new Error(`it has ${size} bytes, more than ${MAX_TEXT_BYTES}`);
  });
}

/** @throws Interrupted; as `openEvidenceFile` */
export function hashOfEvidence(folder: string, name: string, signal: AbortSignal): Promise<string> {
  return withFile(folder, name, async (handle) => {
    const hash = createHash('sha256');
    const chunks: AsyncIterable<Buffer> = handle.createReadStream({ autoClose: false, highWaterMark: 256 * 1024 });
    for await (const chunk of chunks) {
      throwIfInterrupted(signal);
      hash.update(chunk);
    }
    return hash.digest('hex');
  });
}

/** @throws UsageError `no-plan`, `bad-plan` */
export async function readEvidencePlan(folder: string): Promise<Plan> {
  const file = path.join(folder, PLAN_FILE);
  const text = await readEvidenceText(folder, PLAN_FILE).catch((error: unknown) => {
    throw new UsageError(
      `Expected a folder that \`winnow evidence plan\` wrote but '${displayPath(folder)}' has no ${PLAN_FILE} to read: ${messageOf(error)}`,
      { code: 'no-plan', cause: error },
    );
  });
  const plan = parsePlan(text);
  if (plan !== null) return plan;
  throw new UsageError(
    `Expected the plan that \`winnow evidence plan\` wrote in '${displayPath(file)}' but it has other keys or names, or its content does not have the hash that is its id. Copy the file again, or make a new plan.`,
    { code: 'bad-plan' },
  );
}
