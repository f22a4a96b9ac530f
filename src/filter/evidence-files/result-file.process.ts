import { open } from 'node:fs/promises';
import { parquetMetadataAsync, parquetSchema } from 'hyparquet';
import {
  MAX_LISTED_NUMBERS,
  parquetBuffer,
  readColumns,
  withParquetFile,
} from '../../platform/parquet/read-parquet.ts';
import type { ReadRow, ShardPhoto } from './check-shard.ts';
import { RESULT_COLUMNS } from './format.ts';

/** A column is missing, or a row group would not fit into memory. */
export class WrongColumns extends Error {}

/** One row group is in memory at a time. @throws WrongColumns; Error of hyparquet for a damaged file */
export async function* readResults(file: string, classes: number): AsyncGenerator<ReadRow> {
  const handle = await open(file);
  try {
    const buffer = await parquetBuffer(handle);
    const metadata = await parquetMetadataAsync(buffer);
    const names = new Set(parquetSchema(metadata).children.map(({ element }) => element.name));
    const missing = RESULT_COLUMNS.filter((name) => !names.has(name));
    if (missing.length > 0) throw new WrongColumns(`it has no column ${missing.join(', ')}`);
    const isHalf = metadata.schema.some(({ logical_type: logical }) => logical?.type === 'FLOAT16');
    const largest = Math.floor(MAX_LISTED_NUMBERS / classes);
    let rowStart = 0;
    for (const { num_rows } of metadata.row_groups) {
      const rowEnd = rowStart + Number(num_rows);
      if (num_rows > largest) throw new WrongColumns(`a row group has ${num_rows} rows; write at most ${largest}`);
      const columns = await readColumns({ buffer, metadata }, { rowStart, rowEnd, columns: [...RESULT_COLUMNS] });
      const [planId, sha256, member, crop, logits] = RESULT_COLUMNS.map((name) => columns.get(name) ?? []);
      for (let i = 0; i < rowEnd - rowStart; i += 1)
        yield {
          isHalf,
          planId: planId?.[i],
          sha256: sha256?.[i],
          member: member?.[i],
          crop: crop?.[i],
          logits: logits?.[i],
        };
      rowStart = rowEnd;
    }
  } finally {
    await handle.close();
  }
}

/** The photos of a shard of the plan, and the members to evaluate. The caller has checked its hash. */
export function readShard(file: string): Promise<ShardPhoto[]> {
  return withParquetFile(file, async (buffer) => {
    const metadata = await parquetMetadataAsync(buffer);
    const rowEnd = Number(metadata.num_rows);
    const columns = await readColumns({ buffer, metadata }, { rowStart: 0, rowEnd, columns: ['sha256', 'members'] });
    const members = columns.get('members');
    return Array.from(columns.get('sha256') ?? [], (sha256, i) => {
      const list = members?.[i];
      return { sha256: String(sha256), members: Array.isArray(list) ? list.map(String) : [] };
    });
  });
}
