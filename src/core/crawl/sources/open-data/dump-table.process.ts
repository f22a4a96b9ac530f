import type { Readable } from 'node:stream';
import type { Clock } from '../../../kernel/clock.ts';
import { codeOf, messageOf, RetryLater } from '../../../kernel/errors.ts';
import { inflate } from '../inflate.process.ts';
import type { DumpColumns, OpenDataFile } from './rows.ts';
import { TsvReader, type MalformedReason } from './tsv.ts';

export interface DumpDeps {
  /** Opens a file of the dump, inflated or not. taxa.csv.gz is opened twice. */
  readonly open: (file: OpenDataFile) => Promise<AsyncIterable<Uint8Array>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called about once a second while a file is read, and at its end. */
  readonly onProgress?: (progress: OpenDataProgress) => void;
}

export interface OpenDataProgress {
  readonly file: OpenDataFile;
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly malformed: Readonly<Partial<Record<MalformedReason, number>>>;
  /** Useful rows so far: taxa, observations or photos of the classes, or all observers. */
  readonly wanted: number;
  readonly isDone: boolean;
}

const PROGRESS_INTERVAL_MS = 1_000;

export class DumpTable<Row> {
  readonly #deps: DumpDeps;
  readonly #columns: DumpColumns<Row>;
  readonly #table: TsvReader;
  readonly #startedMs: number;
  #reportedMs: number;
  #wanted = 0;

  constructor(deps: DumpDeps, columns: DumpColumns<Row>, skipRows = 0) {
    this.#deps = deps;
    this.#columns = columns;
    this.#table = new TsvReader(columns, skipRows);
    this.#startedMs = deps.clock.nowMs();
    this.#reportedMs = this.#startedMs;
  }

  /** The position in the file: all rows up to the last row that was returned, including malformed and skipped ones. */
  get position(): number {
    return this.#table.rows;
  }

  accept(): void {
    this.#wanted += 1;
  }

  finish(): void {
    this.#report(true);
  }

  /**
   * Unusable rows are counted and left out. It reads no further piece while its consumer pauses.
   *
   * Throws the signal's reason when aborted, RetryLater if the file is cut off or damaged, a UsageError if a column is
   * missing, and the errors of `open` and of the bytes.
   */
  async *rows(): AsyncGenerator<readonly Row[], void, undefined> {
    const { open, signal } = this.#deps;
    const { file } = this.#columns;
    signal.throwIfAborted();
    let stream: Readable | undefined;
    try {
      stream = await inflate(await open(file), signal);
      const decoder = new TextDecoder();
      for await (const piece of stream) {
        const batch = this.#table.push(decoder.decode(piece, { stream: true }));
        this.#report(false);
        yield this.#parsed(batch);
      }
      yield this.#parsed([...this.#table.push(decoder.decode()), ...this.#table.end()]);
    } catch (error) {
      signal.throwIfAborted();
      throw readable(error, file);
    } finally {
      stream?.destroy();
    }
  }

  #parsed(batch: readonly (readonly string[])[]): readonly Row[] {
    const rows: Row[] = [];
    for (const cells of batch) {
      const row = this.#columns.read(cells);
      if (row === null) this.#table.reject('value');
      else rows.push(row);
    }
    return rows;
  }

  #report(isDone: boolean): void {
    const nowMs = this.#deps.clock.nowMs();
    if (!isDone && nowMs - this.#reportedMs < PROGRESS_INTERVAL_MS) return;
    this.#reportedMs = nowMs;
    const { rows } = this.#table;
    this.#deps.onProgress?.({
      file: this.#columns.file,
      rows,
      rowsPerSecond: Math.round((rows * 1000) / Math.max(nowMs - this.#startedMs, 1)),
      malformed: Object.fromEntries(this.#table.malformed),
      wanted: this.#wanted,
      isDone,
    });
  }
}

/** Adds the file's name to errors of zlib. A damaged or shortened file may be complete the next time. */
function readable(error: unknown, file: OpenDataFile): unknown {
  if (codeOf(error)?.startsWith('Z_') !== true) return error;
  return new RetryLater(`Expected whole gzip data in ${file} but received: ${messageOf(error)}; download it again`, {
    code: 'open-data-damaged',
    cause: error,
  });
}
