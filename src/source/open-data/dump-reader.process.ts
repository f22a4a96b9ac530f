import type { Clock } from '../../kernel/clock.ts';
import { readTable } from './read-table.process.ts';
import type { DumpColumns, OpenDataFile } from './rows.ts';
import { TsvReader, type MalformedReason } from './tsv.ts';

export interface DumpReaderDeps {
  /** Opens a file of the dump, inflated or not. taxa.csv.gz is opened twice. */
  readonly open: (file: OpenDataFile) => Promise<AsyncIterable<Uint8Array>>;
  readonly clock: Clock;
}

export interface DumpReaderOptions {
  readonly signal: AbortSignal;
  /** Called about once a second while a file is read, and at its end. */
  readonly onProgress?: (progress: OpenDataProgress) => void;
}

export interface OpenDataProgress {
  readonly file: OpenDataFile;
  /** Rows that were read, including malformed ones. */
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly malformed: Readonly<Partial<Record<MalformedReason, number>>>;
  /** Useful rows so far: taxa, observations or photos of the classes, or all observers. */
  readonly wanted: number;
  readonly isDone: boolean;
}

/** A file that is being read. */
export interface DumpTable<Row> {
  /** Batches of some hundreds of rows. Unusable rows are counted and left out. */
  readonly rows: AsyncGenerator<readonly Row[], void, undefined>;
  /** The position in the file: all rows up to the last row that was returned, including malformed and skipped ones. */
  readonly position: number;
  /** Counts a useful row. */
  accept(): void;
  /** Reports the totals. Call it after the last row. */
  finish(): void;
}

const PROGRESS_INTERVAL_MS = 1_000;

/** Reads the dump's files and reports the progress. */
export class DumpReader {
  readonly #deps: DumpReaderDeps;
  readonly #options: DumpReaderOptions;

  constructor(deps: DumpReaderDeps, options: DumpReaderOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /**
   * @param readRow converts cells to a row, or returns null if they are not valid
   * @param skipRows how many rows at the beginning to skip
   */
  read<Row>(columns: DumpColumns, readRow: (cells: readonly string[]) => Row | null, skipRows: number): DumpTable<Row> {
    const { signal, onProgress } = this.#options;
    const { clock, open } = this.#deps;
    const table = new TsvReader(columns, skipRows);
    const startedMs = clock.nowMs();
    let reportedMs = startedMs;
    let wanted = 0;
    const report = (isDone: boolean): void => {
      const nowMs = clock.nowMs();
      if (!isDone && nowMs - reportedMs < PROGRESS_INTERVAL_MS) return;
      reportedMs = nowMs;
      const { file } = columns;
      const { rows } = table;
      const rowsPerSecond = Math.round((rows * 1000) / Math.max(nowMs - startedMs, 1));
      onProgress?.({ file, rows, rowsPerSecond, malformed: Object.fromEntries(table.malformed), wanted, isDone });
    };
    const onRows = (): void => report(false);
    return {
      rows: parsed(readTable(table, { file: columns.file, open, signal, onRows }), { table, readRow }),
      get position() {
        return table.rows;
      },
      accept() {
        wanted += 1;
      },
      finish: () => report(true),
    };
  }
}

interface Parsing<Row> {
  readonly table: TsvReader;
  readonly readRow: (cells: readonly string[]) => Row | null;
}

async function* parsed<Row>(
  batches: AsyncIterable<readonly (readonly string[])[]>,
  { table, readRow }: Parsing<Row>,
): AsyncGenerator<readonly Row[], void, undefined> {
  for await (const batch of batches) {
    const rows: Row[] = [];
    for (const cells of batch) {
      const row = readRow(cells);
      if (row === null) table.reject('value');
      else rows.push(row);
    }
    yield rows;
  }
}
