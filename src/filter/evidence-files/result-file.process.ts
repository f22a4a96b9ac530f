import { open } from 'node:fs/promises';
import { parquetMetadataAsync, parquetSchema } from 'hyparquet';
import {
  MAX_LISTED_NUMBERS,
  parquetBuffer,
  readColumns,
  type OpenParquet,
} from '../../platform/parquet/read-parquet.ts';
import type { ReadRow } from './check-shard.ts';
import { PLANNED_COLUMNS, RESULT_COLUMNS, type PlannedPhoto } from './format.ts';

/** A row group that would not fit into memory. */
export class LargeGroup extends Error {}

/** The columns that a file lacks. */
export class MissingColumns extends Error {}

export interface ResultFile {
  /** True if the logits are float16. */
  readonly isHalf: boolean;
  rows(): AsyncGenerator<ReadRow>;
  close(): Promise<void>;
}

/** One row group is in memory at a time. @throws Error of hyparquet for a damaged file */
export async function openResults(file: string, classes: number): Promise<ResultFile> {
  const handle = await open(file);
  try {
    const buffer = await parquetBuffer(handle);
    const metadata = await parquetMetadataAsync(buffer);
    const names = new Set(parquetSchema(metadata).children.map(({ element }) => element.name));
    const missing = RESULT_COLUMNS.filter((name) => !names.has(name));
    if (missing.length > 0) throw new MissingColumns(`it has no column ${missing.join(', ')}`);
    const isHalf = metadata.schema.some(({ logical_type: logical }) => logical?.type === 'FLOAT16');
    return { isHalf, rows: () => rowsOf({ buffer, metadata }, classes), close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function* rowsOf(parquet: OpenParquet, classes: number): AsyncGenerator<ReadRow> {
  const largest = Math.floor(MAX_LISTED_NUMBERS / classes);
  let rowStart = 0;
  for (const { num_rows } of parquet.metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    if (num_rows > largest) throw new LargeGroup(`a row group has ${num_rows} rows; write at most ${largest}`);
    const columns = await readColumns(parquet, { rowStart, rowEnd, columns: [...RESULT_COLUMNS] });
    const [planId, sha256, member, crop, logits] = RESULT_COLUMNS.map((name) => columns.get(name) ?? []);
    for (let i = 0; i < rowEnd - rowStart; i += 1)
      yield { planId: planId?.[i], sha256: sha256?.[i], member: member?.[i], crop: crop?.[i], logits: logits?.[i] };
    rowStart = rowEnd;
  }
}

/** The photos of a shard of the plan. The caller has checked its hash. */
export async function readShard(file: string): Promise<PlannedPhoto[]> {
  const handle = await open(file);
  try {
    const buffer = await parquetBuffer(handle);
    const metadata = await parquetMetadataAsync(buffer);
    const rowEnd = Number(metadata.num_rows);
    const columns = await readColumns({ buffer, metadata }, { rowStart: 0, rowEnd, columns: [...PLANNED_COLUMNS] });
    const texts = (name: 'wnids' | 'members', i: number): string[] => {
      const list = columns.get(name)?.[i];
      return Array.isArray(list) ? list.map(String) : [];
    };
    return Array.from({ length: rowEnd }, (_, i) => ({
      sha256: String(columns.get('sha256')?.[i]),
      address: String(columns.get('address')?.[i]),
      wnids: texts('wnids', i),
      members: texts('members', i),
    }));
  } finally {
    await handle.close();
  }
}
