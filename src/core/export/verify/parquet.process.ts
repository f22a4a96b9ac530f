import path from 'node:path';
import * as z from 'zod';
import { messageOf, unreadable, WinnowError } from '../../kernel/errors.ts';
import { jsonExcess, jsonOf } from '../../kernel/json.ts';
import { sha256Of } from '../../tools/sha256.ts';
import { listOf } from '../bounded.ts';
import { openParquet, readGroup, type OpenParquet, type WantedGroup } from '../../platform/parquet/read-parquet.ts';
import { columnsOf, type PhotoRow } from '../select/photo-row.ts';
import type { ExportContent } from './content.process.ts';
import { filesOfFormat, METADATA, parquetPath } from '../layout.ts';
import { JSON_LIMITS } from './protocol-checks.ts';
import { checking, type Problems } from './findings.ts';

/** A row group is in memory as a whole. winnow writes 16 MB or one photo. */
const MAX_GROUP_BYTES = 1024 * 1024 * 1024;
/** More than a number takes, or a text beside its bytes. */
const CELL_BYTES = 16;

type Cells = Readonly<Record<string, unknown>>;

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
  const parquet = await parsed(openParquet(await bufferOf(content, file)));
  const names = classNamesOf(parquet.metadata);
  const expected = protocol.classes.map(({ name }) => name);
  findings.breaches('parquet', file, [
    JSON.stringify(names) !== JSON.stringify(expected) &&
      `Expected the class names ${expected.join(', ')} for the labels but received ${names?.join(', ') ?? 'none'}`,
  ]);
  let rows = 0;
  for (const group of parquet.metadata.row_groups) {
    rows += Number(group.num_rows);
    if (rows > content.rows.count)
      throw unreadable(`Expected at most ${content.rows.count} rows, one for each photo, but there are ${rows}`);
    for await (const value of cellsOf(content, parquet, group))
      findings.breaches('parquet', file, await rowProblems(content, value, seen));
  }
}

/** The rows of a row group. Only the columns of test/metadata.jsonl and the picture are read. */
async function* cellsOf(
  { folder, protocol }: ExportContent,
  parquet: OpenParquet,
  group: WantedGroup['group'],
): AsyncGenerator<Cells> {
  const columns = columnsOf(protocol);
  // In test/metadata.jsonl every text takes at least as many bytes, and every item of a list has quotes and a comma.
  const textBytes = await folder.sizeOf(METADATA);
  const rows = Number(group.num_rows);
  const texts = columns.map(({ name, type }) => ({ path: [name], most: type === 'texts' ? rows + textBytes : rows }));
  const cells = await parsed(
    readGroup(parquet, { group, columns: texts, maxBytes: textBytes + CELL_BYTES * rows * columns.length }),
  );
  // Pictures are compressed already, and stored as they are.
  const image = [{ path: ['image', 'bytes'], isBytes: true }, { path: ['image', 'path'] }];
  const maxBytes = Math.min(parquet.buffer.byteLength, MAX_GROUP_BYTES) + textBytes;
  const [bytes, paths] = await parsed(readGroup(parquet, { group, columns: image, maxBytes }));
  for (let i = 0; i < rows; i += 1) {
    const named = columns.map(({ name }, column) => [name, cells[column]?.[i]] as const);
    yield { ...Object.fromEntries(named), image: { bytes: bytes?.[i], path: paths?.[i] } };
  }
}

async function bufferOf({ folder }: ExportContent, file: string): Promise<OpenParquet['buffer']> {
  const byteLength = await folder.sizeOf(file);
  return {
    byteLength,
    async slice(start, end = byteLength) {
      if (!(start >= 0 && start <= end && end <= byteLength))
        throw unreadable(
          `Expected parts within the ${byteLength} bytes of the file but its index names ${start} to ${end}`,
        );
      const part = await folder.readPart(file, { offset: start, bytes: end - start });
      return Uint8Array.from(part).buffer;
    },
  };
}

const features = z.object({
  info: z.object({ features: z.object({ label: z.object({ names: listOf(z.string(), 100_000) }) }) }),
});

/** The names of the labels, as the library `datasets` reads them. Null without any. */
function classNamesOf({ key_value_metadata: pairs = [] }: OpenParquet['metadata']): readonly string[] | null {
  const text = pairs.find(({ key }) => key === 'huggingface')?.value ?? '';
  if (jsonExcess(text, JSON_LIMITS) !== null) return null;
  const result = features.safeParse(jsonOf(text));
  return result.success ? result.data.info.features.label.names : null;
}

const cellSchema = z.looseObject({
  file_name: z.string(),
  image: z.object({ bytes: z.instanceof(Uint8Array), path: z.string() }),
});

async function rowProblems({ rows }: ExportContent, value: unknown, seen: Set<number>): Promise<Problems> {
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
  ];
}

function* valueProblems({ file_name, ...row }: PhotoRow, cells: Readonly<Record<string, unknown>>): Generator<string> {
  const unlessImported = 'evidence' in cells ? { evidence: null } : {};
  for (const [key, expected] of Object.entries({ ...unlessImported, ...row })) {
    const actual = JSON.stringify(cells[key] ?? null);
    if (actual !== JSON.stringify(expected))
      yield `Expected ${JSON.stringify(expected)} for ${key} of ${file_name} but received ${actual}`;
  }
}

async function parsed<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof WinnowError) throw error;
    throw unreadable(`Expected a whole Parquet file but received '${messageOf(error)}'`, error);
  }
}
