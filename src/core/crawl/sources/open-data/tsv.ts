import { UsageError } from '../../../kernel/errors.ts';

export type MalformedReason = 'columns' | 'line-too-long' | 'value';

/** The longest line, in characters. Longer lines cannot be rows of the dump, whose texts have at most 255 characters. */
const MAX_LINE_LENGTH = 16_384;

/** Copies a cell that is kept. A cell is a slice of a larger string and would keep all of it, hundreds of kilobytes, in memory. */
export function detached(cell: string): string {
  return Buffer.from(cell, 'utf8').toString('utf8');
}

export interface TsvColumns {
  readonly file: string;
  /** The names of the columns to keep, in the order of the result. */
  readonly names: readonly string[];
}

/**
 * There is no quoting ("beware there are single and double quotes in some fields"). Columns are found by the header, because
 * their number has changed over the years. Pieces of text may end anywhere. At most one line is held.
 */
export class TsvReader {
  readonly #columns: TsvColumns;
  #indices: readonly number[] | null = null;
  #width = 0;
  #rest = '';
  #rows = 0;
  readonly #malformed = new Map<MalformedReason, number>();
  readonly #skipRows: number;

  constructor(columns: TsvColumns, skipRows = 0) {
    this.#columns = columns;
    this.#skipRows = skipRows;
  }

  /** The number of rows so far, including malformed ones, without the header. */
  get rows(): number {
    return this.#rows;
  }

  get malformed(): ReadonlyMap<MalformedReason, number> {
    return this.#malformed;
  }

  reject(reason: MalformedReason): void {
    this.#malformed.set(reason, (this.#malformed.get(reason) ?? 0) + 1);
  }

  /** Returns the wanted cells of the rows that end in this piece. Throws a UsageError if the header lacks a column. */
  push(text: string): readonly (readonly string[])[] {
    const lines = text.split('\n');
    lines[0] = this.#rest + (lines[0] ?? '');
    const rest = lines.pop() ?? '';
    // Keep just enough to see later that the line is too long.
    this.#rest = rest.length > MAX_LINE_LENGTH ? rest.slice(0, MAX_LINE_LENGTH + 1) : rest;
    return this.#cellsOf(lines);
  }

  /** Returns the last row if it has no line feed. Throws a UsageError if there was no header at all. */
  end(): readonly (readonly string[])[] {
    const lines = this.#rest === '' && this.#indices !== null ? [] : [this.#rest];
    this.#rest = '';
    return this.#cellsOf(lines);
  }

  #cellsOf(lines: readonly string[]): readonly (readonly string[])[] {
    const rows: (readonly string[])[] = [];
    for (const line of lines) {
      if (this.#indices === null) this.#readHeader(line);
      else {
        const row = this.#readRow(line, this.#indices);
        if (row !== null) rows.push(row);
      }
    }
    return rows;
  }

  #readHeader(line: string): void {
    const cells = trimmed(line)
      .replace(/^\u{FEFF}/u, '')
      .split('\t');
    const indices = this.#columns.names.map((name) => cells.indexOf(name));
    const missing = this.#columns.names.filter((_, i) => indices[i] === -1);
    if (missing.length > 0) {
      const { file } = this.#columns;
      throw new UsageError(
        `Expected the columns ${missing.join(', ')} in the header of ${file} but received '${line.slice(0, 200)}'; ` +
          'check sources.inaturalistOpenData.url',
        { code: 'open-data-header' },
      );
    }
    this.#indices = indices;
    this.#width = cells.length;
  }

  #readRow(line: string, indices: readonly number[]): readonly string[] | null {
    if (line === '' || line === '\r') return null;
    this.#rows += 1;
    if (this.#rows <= this.#skipRows) return null;
    if (line.length > MAX_LINE_LENGTH) {
      this.reject('line-too-long');
      return null;
    }
    const cells = trimmed(line).split('\t');
    const row = indices.map((index) => cells[index]);
    // Too many cells mean a tab in a text. The cells after it may have shifted.
    if (cells.length <= this.#width && row.every((cell) => cell !== undefined)) return row;
    this.reject('columns');
    return null;
  }
}

function trimmed(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
