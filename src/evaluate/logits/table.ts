import { quote } from '../../config/quote.ts';
import { UsageError } from '../../kernel/errors.ts';

/** A file of logits or probabilities: a row for each photo, a column for each class. */
export interface LogitTable {
  readonly file: string;
  readonly columns: number;
  /** The names of the columns, if the file has a header. */
  readonly names: readonly string[] | null;
  readonly namesPhotos: boolean;
  /** Reads the rows one at a time. @throws UsageError `bad-logits` at the first row that cannot be read */
  rows(): AsyncGenerator<LogitRow, void, undefined>;
}

export interface LogitRow {
  /** The name of the photo, as the file has it; null if the file names no photos. */
  readonly photo: string | null;
  /** The next row overwrites these. */
  readonly values: Float64Array;
}

/** The bytes of a file or of a member of an archive. */
export interface ByteSource {
  readonly name: string;
  readonly size: number;
  chunks(): AsyncIterable<Buffer>;
}

/** @param why the problem and what to do, as the end of a sentence: `it is empty. Write …` */
export function badLogits(file: string, why: string, cause?: unknown): UsageError {
  return new UsageError(`Cannot read logits from ${quote(file)}: ${why}`, { code: 'bad-logits', cause });
}
