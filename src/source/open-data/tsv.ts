import { UsageError } from '../../kernel/errors.ts';

/** Why a row was passed over; a closed list. */
export type MalformedReason = 'columns' | 'line-too-long' | 'value';

/** Longer lines are no rows of the dump, whose texts are at most 255 characters; in characters. */
const MAX_LINE_LENGTH = 16_384;

/**
 * Copies a cell that is kept. A cell is a slice of a larger string and would keep all of it, hundreds of kilobytes, in memory.
 */
export function detached(cell: string): string {
  return Buffer.from(cell, 'utf8').toString('utf8');
}

export interface TsvColumns {
  /** As messages name it: `taxa.csv.gz`. */
  readonly file: string;
  /** The cells to keep, in this order, by their names in the header. */
  readonly names: readonly string[];
}

/**
 * Takes the text of a table apart that has a header and tabs between cells, and no quoting: a quote is a character
 * ("beware there are single and double quotes in some fields"). Columns are found by the header, as their number changed
 * over the years. Pieces of text may end anywhere; no more than one line is held.
 */
export class TsvReader {
  readonly #columns: TsvColumns;
  #indices: readonly number[] | null = null;
  #width = 0;
  /** The line that has not ended yet; cut once it is too long. */
  #rest = '';
  #rows = 0;
  readonly #malformed = new Map<MalformedReason, number>();
  readonly #skipRows: number;

  /** @param skipRows rows at the beginning that are counted and passed over */
  constructor(columns: TsvColumns, skipRows = 0) {
    this.#columns = columns;
    this.#skipRows = skipRows;
  }

  /** Rows seen, malformed ones too, without the header. */
  get rows(): number {
    return this.#rows;
  }

  get malformed(): ReadonlyMap<MalformedReason, number> {
    return this.#malformed;
  }

  /** Counts a row that looked right and is not. */
  reject(reason: MalformedReason): void {
    this.#malformed.set(reason, (this.#malformed.get(reason) ?? 0) + 1);
  }

  /** The wanted cells of the rows that end in this piece. Throws a UsageError if the header lacks a column. */
  push(text: string): readonly (readonly string[])[] {
    const lines = text.split('\n');
    lines[0] = this.#rest + (lines[0] ?? '');
    const rest = lines.pop() ?? '';
    // Enough is kept to see later that it was too long.
    this.#rest = rest.length > MAX_LINE_LENGTH ? rest.slice(0, MAX_LINE_LENGTH + 1) : rest;
    return this.#cellsOf(lines);
  }

  /** What is left at the end: a last line without a line feed. Throws a UsageError if there was no header at all. */
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
    // Cells too many mean a tab in a text: what stands behind it is not where it seems to be.
    if (cells.length <= this.#width && row.every((cell) => cell !== undefined)) return row;
    this.reject('columns');
    return null;
  }
}

function trimmed(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
