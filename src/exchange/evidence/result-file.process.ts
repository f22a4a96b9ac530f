import type { FileHandle } from 'node:fs/promises';
import { CROPS_PER_MEMBER } from '../../core/models/evidence/evidence.ts';
import {
  MAX_LISTED_NUMBERS,
  openParquet,
  parquetBuffer,
  readGroup,
  type OpenParquet,
  type WantedColumn,
} from '../../core/platform/parquet/read-parquet.ts';
import type { ReadRow, ShardPhoto } from './check-shard.ts';
import { RESULT_COLUMNS, type Plan } from './format.ts';

/** A column is missing, or a row group would not fit into memory. */
export class WrongColumns extends Error {}

/** A file has far more rows than its shard of the plan has crops. */
export class TooManyRows extends Error {}

/** The most bytes of a row beside its logits. Hashes take 140, and names of members are short. */
const MAX_TEXT_BYTES = 1_000;

/** Closes the file. One row group is in memory at a time. @throws WrongColumns, TooManyRows, TooManyValues; Error for a damaged file */
export async function* readResultRows(
  handle: FileHandle,
  { members }: Pick<Plan, 'members'>,
  photos: number,
): AsyncGenerator<ReadRow> {
  try {
    const file = await openParquet(await parquetBuffer(handle));
    const names = new Set(file.schema.children.map(({ element }) => element.name));
    const missing = RESULT_COLUMNS.filter((name) => !names.has(name));
    if (missing.length > 0) throw new WrongColumns(`it has no column ${missing.join(', ')}`);
    const crops = photos * members.length * CROPS_PER_MEMBER;
    // A few rows too many are refused one by one.
    if (file.metadata.num_rows > 2 * crops)
      throw new TooManyRows(`it has ${file.metadata.num_rows} rows, but its photos have ${crops} crops`);
    const classes = Math.max(1, ...members.map(({ wnids }) => wnids.length));
    const isHalf = file.metadata.schema.some(({ logical_type: logical }) => logical?.type === 'FLOAT16');
    const largest = Math.min(Math.floor(MAX_LISTED_NUMBERS / classes), 2 * crops);
    for (const { rows, columns } of groupsOf(file, largest)) {
      const wanted = RESULT_COLUMNS.map((name) => ({ path: [name], most: name === 'logits' ? rows * classes : rows }));
      const [planId, sha256, member, crop, logits] = await columns(wanted, MAX_TEXT_BYTES + 8 * classes);
      for (let i = 0; i < rows; i += 1)
        yield {
          isHalf,
          planId: planId?.[i],
          sha256: sha256?.[i],
          member: member?.[i],
          crop: crop?.[i],
          logits: logits?.[i],
        };
    }
  } finally {
    await handle.close();
  }
}

/** Row groups, none of which has more than `largest` rows. @throws WrongColumns */
function* groupsOf(file: OpenParquet, largest: number) {
  for (const group of file.metadata.row_groups) {
    const rows = Number(group.num_rows);
    if (rows > largest) throw new WrongColumns(`a row group has ${rows} rows; write at most ${largest}`);
    const columns = (wanted: readonly WantedColumn[], rowBytes: number) =>
      readGroup(file, { group, columns: wanted, maxBytes: rows * rowBytes });
    if (rows > 0) yield { rows, columns };
  }
}

/** `PLANNED_SCHEMA` is written in groups of so many photos. */
const SHARD_GROUP_ROWS = 1_000;

/** The photos of a shard of the plan, and the members to evaluate. The caller has checked its hash. Closes the file. */
export async function readShard(
  handle: FileHandle,
  { members }: Pick<Plan, 'members'>,
  { rows: expected }: Plan['shards'][number],
): Promise<ShardPhoto[]> {
  try {
    const file = await openParquet(await parquetBuffer(handle));
    if (Number(file.metadata.num_rows) !== expected)
      throw new WrongColumns(`it has ${file.metadata.num_rows} rows, not the ${expected} of the plan`);
    const photos: ShardPhoto[] = [];
    for (const { rows, columns } of groupsOf(file, SHARD_GROUP_ROWS)) {
      const wanted = [{ path: ['sha256'] }, { path: ['members'], most: rows * Math.max(1, members.length) }];
      const [sha256, named] = await columns(wanted, MAX_TEXT_BYTES * (1 + members.length));
      for (let i = 0; i < rows; i += 1) {
        const list = named?.[i];
        photos.push({ sha256: String(sha256?.[i]), members: Array.isArray(list) ? list.map(String) : [] });
      }
    }
    return photos;
  } finally {
    await handle.close();
  }
}
