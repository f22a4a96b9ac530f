import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { displayPath } from '../../config/root.ts';
import { messageOf, unlessCode, UsageError } from '../../kernel/errors.ts';
import { makeFolder, syncFolder } from '../../platform/disk/folders.ts';
import { explainFullDisk } from '../../platform/disk/full-disk.ts';
import { UNFINISHED } from '../../platform/disk/replace-file.ts';
import { ParquetFile } from '../../platform/parquet/write-parquet.ts';
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

/** @throws UsageError `no-plan`, `bad-plan` */
export async function readPlan(folder: string): Promise<Plan> {
  const file = path.join(folder, PLAN_FILE);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(
      `Expected a folder that \`winnow evidence plan\` wrote but '${displayPath(folder)}' has no ${PLAN_FILE}: ${messageOf(error)}`,
      { code: 'no-plan', cause: error },
    );
  });
  const plan = parsePlan(text);
  if (plan !== null) return plan;
  throw new UsageError(
    `Expected the plan that \`winnow evidence plan\` wrote in '${displayPath(file)}' but its content does not have the hash that is its id. Copy the file again, or make a new plan.`,
    { code: 'bad-plan' },
  );
}
