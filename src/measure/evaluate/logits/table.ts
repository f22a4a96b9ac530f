import { quote } from '../../../core/tools/quote.ts';
import { UsageError } from '../../../core/kernel/errors.ts';

export interface LogitTable {
  readonly file: string;
  readonly columns: number;
  readonly names: readonly string[] | null;
  readonly namesPhotos: boolean;
  rows(): AsyncGenerator<LogitRow, void, undefined>;
}

export interface LogitRow {
  /** The name of the photo, as the file has it; null if the file names no photos. */
  readonly photo: string | null;
  /** The next row overwrites these. */
  readonly values: Float64Array;
}

export interface ByteSource {
  readonly name: string;
  readonly size: number;
  chunks(): AsyncIterable<Buffer>;
}

/** @param why the problem and what to do, as the end of a sentence: `it is empty. Write …` */
export function badLogits(file: string, why: string, cause?: unknown): UsageError {
  return new UsageError(`Cannot read logits from ${quote(file)}: ${why}`, { code: 'bad-logits', cause });
}
