import path from 'node:path';
import { parquetMetadataAsync, parquetReadObjects, type AsyncBuffer, type FileMetaData } from 'hyparquet';
import * as z from 'zod';
import { messageOf, throwIfInterrupted, unreadable } from '../../kernel/errors.ts';
import { jsonOf } from '../../kernel/json.ts';
import { sha256Of } from '../../config/sha256.ts';
import { listOf } from '../bounded.ts';
import type { PhotoRow } from '../select/photo-row.ts';
import type { ExportContent } from './content.process.ts';
import { filesOfFormat, parquetPath } from '../layout.ts';
import { checking } from './findings.ts';

/** A row group is in memory as a whole. winnow writes 16 MB or one photo. */
const MAX_GROUP_BYTES = 1024 * 1024 * 1024;

export async function checkParquet(content: ExportContent): Promise<void> {
  const { findings, rows, folder } = content;
  const files = filesOfFormat('parquet', folder.files);
  const seen = new Set<number>();
  findings.begin('parquet');
  for (const [i, file] of files.entries()) {
    const expected = parquetPath(i, files.length);
    if (file !== expected)
      findings.breach('parquet', file, `Expected ${expected}, because files are numbered without gaps`);
    await checking(content, { check: 'parquet', file }, () => checkFile(content, file, seen));
  }
  for (const name of rows.without(seen))
    findings.breach('parquet', 'data', `Expected each photo in a file but '${name}' is in none`);
}

async function checkFile(content: ExportContent, file: string, seen: Set<number>): Promise<void> {
  const { findings, protocol } = content;
  const buffer = await bufferOf(content, file);
  const metadata = await parsed(parquetMetadataAsync(buffer));
  const names = classNamesOf(metadata);
  const expected = protocol.classes.map(({ name }) => name);
  if (JSON.stringify(names) !== JSON.stringify(expected))
    findings.breach(
      'parquet',
      file,
      `Expected the class names ${expected.join(', ')} for the labels but received ${names?.join(', ') ?? 'none'}`,
    );
  let rowStart = 0;
  for (const { num_rows, total_byte_size } of metadata.row_groups) {
    throwIfInterrupted(content.signal);
    if (total_byte_size > MAX_GROUP_BYTES)
      throw unreadable(`Expected row groups of at most ${MAX_GROUP_BYTES} bytes but one has ${total_byte_size}`);
    const rowEnd = rowStart + Number(num_rows);
    if (rowEnd > content.rows.count)
      throw unreadable(`Expected at most ${content.rows.count} rows, one for each photo, but there are ${rowEnd}`);
    const values = await parsed(parquetReadObjects({ file: buffer, metadata, rowStart, rowEnd, utf8: false }));
    for (const value of values) findings.breaches('parquet', file, await rowProblems(content, value, seen));
    rowStart = rowEnd;
  }
}

async function bufferOf({ folder }: ExportContent, file: string): Promise<AsyncBuffer> {
  const byteLength = await folder.sizeOf(file);
  return {
    byteLength,
    async slice(start, end = byteLength) {
      if (start < 0 || end > byteLength || end < start)
        throw unreadable(
          `Expected parts within the ${byteLength} bytes of the file but its index names ${start} to ${end}`,
        );
      if (end - start > MAX_GROUP_BYTES)
        throw unreadable(`Expected parts of at most ${MAX_GROUP_BYTES} bytes but its index names ${start} to ${end}`);
      const part = await folder.readPart(file, { offset: start, bytes: end - start });
      return Uint8Array.from(part).buffer;
    },
  };
}

const features = z.object({
  info: z.object({ features: z.object({ label: z.object({ names: listOf(z.string(), 100_000) }) }) }),
});

/** The names of the labels, as the library `datasets` reads them. Null without any. */
function classNamesOf({ key_value_metadata: pairs = [] }: FileMetaData): readonly string[] | null {
  const text = pairs.find(({ key }) => key === 'huggingface')?.value ?? '';
  const result = features.safeParse(jsonOf(text));
  return result.success ? result.data.info.features.label.names : null;
}

const cellSchema = z.looseObject({
  file_name: z.string(),
  image: z.object({ bytes: z.instanceof(Uint8Array), path: z.string() }),
});

async function rowProblems({ rows }: ExportContent, value: unknown, seen: Set<number>): Promise<string[]> {
  const result = cellSchema.safeParse(value);
  if (!result.success)
    return [`Expected rows with file_name and image but '${result.error.issues[0]?.path.join('.')}' is wrong`];
  const { file_name, image, ...cells } = result.data;
  const position = rows.positionOfFile(file_name);
  if (position === undefined) return [`Expected photos of test/metadata.jsonl but received '${file_name}'`];
  if (seen.has(position)) return [`Expected each photo once but '${file_name}' comes again`];
  seen.add(position);
  const { row } = await rows.at(position);
  return [
    sha256Of(image.bytes) !== row.sha256 && `Expected the bytes of test/${file_name} but they differ`,
    image.path !== path.posix.basename(file_name) &&
      `Expected the path ${path.posix.basename(file_name)} but received '${image.path}'`,
    ...valueProblems(row, cells),
  ].filter((problem) => problem !== false);
}

function* valueProblems({ file_name, ...row }: PhotoRow, cells: Readonly<Record<string, unknown>>): Generator<string> {
  for (const [key, expected] of Object.entries(row)) {
    const cell = cells[key];
    const actual = JSON.stringify(typeof cell === 'bigint' ? Number(cell) : (cell ?? null));
    if (actual !== JSON.stringify(expected))
      yield `Expected ${JSON.stringify(expected)} for ${key} of ${file_name} but received ${actual}`;
  }
}

async function parsed<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw unreadable(`Expected a whole Parquet file but received '${messageOf(error)}'`, error);
  }
}
