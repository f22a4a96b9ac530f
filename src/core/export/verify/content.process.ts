import { throwIfInterrupted } from '../../kernel/errors.ts';
import { jsonOf } from '../../kernel/json.ts';
import type { Protocol } from '../protocol.ts';
import { photoRowSchema, type PhotoRow } from '../select/photo-row.ts';
import type { Checksums } from '../checksums.ts';
import type { ExportFolder } from './export-folder.process.ts';
import type { Findings } from './findings.ts';
import { METADATA, photoOf } from '../layout.ts';
import type { Line } from '../../kernel/lines.ts';

export interface ExportContent {
  readonly folder: ExportFolder;
  readonly findings: Findings;
  readonly protocol: Protocol;
  readonly checksums: Checksums;
  readonly rows: RowIndex;
  /** The rows of control/metadata.jsonl; none if the export has no controls. */
  readonly controls: RowIndex;
  readonly signal: AbortSignal;
}

const KEYS = Object.keys(photoRowSchema.shape);

export function rowOf(text: string): PhotoRow | string {
  const value = jsonOf(text);
  if (value === undefined) return `Expected a JSON object but the line is '${text.slice(0, 120)}'`;
  const result = photoRowSchema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    const key = issue?.path.join('.') ?? '';
    return `Expected the keys and types of a photo's row but ${key === '' ? 'the line' : `'${key}'`} is wrong: ${issue?.message}`;
  }
  const keys = Object.keys(value ?? {});
  const expected = KEYS.filter((key) => keys.includes(key));
  return keys.every((key, i) => key === expected[i])
    ? result.data
    : `Expected the keys ${KEYS.join(', ')} in this order but received ${keys.join(', ')}`;
}

export interface IndexedRow {
  readonly row: PhotoRow;
  readonly text: string;
  readonly place: string;
}

/** Finds rows of a metadata.jsonl, and reads them again when needed. A row costs about 400 bytes of memory. */
export class RowIndex {
  readonly #folder: ExportFolder;
  readonly file: string;
  readonly #byFile = new Map<string, number>();
  readonly #byId = new Map<string, number>();
  /** By the beginning of the hashes of file and original. */
  readonly #byHash = new Map<string, number>();
  readonly #offsets: number[] = [];
  readonly #sizes: number[] = [];
  readonly #lines: number[] = [];

  constructor(folder: ExportFolder, file = METADATA) {
    this.#folder = folder;
    this.file = file;
  }

  get count(): number {
    return this.#offsets.length;
  }

  /** Adds a row, unless it has the file name or id of an earlier one. Returns how it repeats that one, or null. */
  add(row: PhotoRow, { offset, bytes, number }: Line): string | null {
    const { file_name, id, sha256, original_sha256 } = row;
    const named = this.#byFile.get(file_name) ?? this.#byId.get(id);
    if (named !== undefined) return `'${file_name}' has the file name or the id of line ${this.#lines[named]}`;
    // A photo that was written as PNG may be there once more as it was, so both hashes count.
    const keys = [keyOf(sha256), keyOf(original_sha256)];
    const same = keys.map((key) => this.#byHash.get(key)).find((position) => position !== undefined);
    this.#byFile.set(file_name, this.count);
    this.#byId.set(id, this.count);
    for (const key of keys) if (!this.#byHash.has(key)) this.#byHash.set(key, this.count);
    this.#offsets.push(offset);
    this.#sizes.push(bytes);
    this.#lines.push(number);
    return same === undefined ? null : `'${file_name}' has the bytes of line ${this.#lines[same]}`;
  }

  positionOfFile(fileName: string): number | undefined {
    return this.#byFile.get(fileName);
  }

  positionOfHash(sha256: string): number | undefined {
    return this.#byHash.get(keyOf(sha256));
  }

  positionOfId(id: string): number | undefined {
    return this.#byId.get(id);
  }

  /** @throws GiveUpOnItem if the file was changed or removed during the check */
  async at(position: number): Promise<IndexedRow> {
    const place = { offset: this.#offsets[position] ?? 0, bytes: this.#sizes[position] ?? 0 };
    const text = (await this.#folder.readPart(this.file, place)).toString();
    const row = rowOf(text);
    if (typeof row === 'string') throw new Error(`Expected ${this.file} to stay as it is during the check`);
    return { row, text, place: `${this.file}:${this.#lines[position]}` };
  }

  async *all(signal: AbortSignal): AsyncGenerator<IndexedRow> {
    for (let position = 0; position < this.count; position += 1) {
      throwIfInterrupted(signal);
      yield await this.at(position);
    }
  }

  *without(seen: ReadonlySet<number>): Generator<string> {
    for (const [fileName, position] of this.#byFile) if (!seen.has(position)) yield fileName;
  }
}

/** The rows that the photo with this path belongs to, and its position among them if it is there. */
export function rowsOfPhoto({ rows, controls }: Pick<ExportContent, 'rows' | 'controls'>, path: string) {
  const photo = photoOf(path);
  const index = photo?.split === 'control' ? controls : rows;
  return { index, position: photo === null ? undefined : index.positionOfFile(photo.fileName) };
}

/** Half of a hash tells all photos apart and takes half the memory. The copy does not keep the text of the row. */
function keyOf(sha256: string): string {
  return Buffer.from(sha256.slice(0, 32), 'hex').toString('latin1');
}
