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
  /** About once a second while a file is read, and at its end. */
  readonly onProgress?: (progress: OpenDataProgress) => void;
}

export interface OpenDataProgress {
  readonly file: OpenDataFile;
  /** Rows read, malformed ones too. */
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly malformed: Readonly<Partial<Record<MalformedReason, number>>>;
  /** Rows that were of use so far: taxa, observations or photos of the classes; all observers. */
  readonly wanted: number;
  readonly isDone: boolean;
}

/** A file that is being read. */
export interface DumpTable<Row> {
  /** Some hundreds of rows at a time; those that say nothing usable are counted and left out. */
  readonly rows: AsyncGenerator<readonly Row[], void, undefined>;
  /** Rows of the file up to the last of those that were given, malformed and skipped ones too. */
  readonly position: number;
  /** Counts a row that was of use. */
  accept(): void;
  /** To be called once nothing more will come of it: reports what it came to. */
  finish(): void;
}

const PROGRESS_INTERVAL_MS = 1_000;

/** Reads the dump's files and says how far it is. */
export class DumpReader {
  readonly #deps: DumpReaderDeps;
  readonly #options: DumpReaderOptions;

  constructor(deps: DumpReaderDeps, options: DumpReaderOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /**
   * @param readRow the row that cells are, or null if they are none
   * @param skipRows rows at the beginning that are passed over
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
