import { quote } from '../../../core/tools/quote.ts';
import { throwIfInterrupted } from '../../../core/kernel/errors.ts';
import { answerOf, answerOfProbabilities, rowKindOf, type Answered, type RowKind } from './answer.ts';
import { badLogits, type LogitTable } from './table.ts';
import { quoted } from '../quoted.ts';

export interface AnsweredPhotos {
  readonly answers: readonly Answered[];
  readonly values: Exclude<RowKind, 'unclear'>;
}

export const LOGITS_ARE = ['logits', 'probabilities', 'auto'] as const;
export type LogitsAre = (typeof LOGITS_ARE)[number];

export interface RowOrder {
  readonly photos: readonly string[];
  /** The names of the rows, from a file of their own; null: the rows name their photos, or are in the order of `photos`. */
  readonly names: readonly string[] | null;
  readonly positionOf: (name: string) => number | null;
}

export interface ReadOptions {
  readonly columns: readonly number[];
  readonly order: RowOrder;
  readonly logitsAre: LogitsAre;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

const NAMED = 3;

/**
 * Reads the answers of a model for a set: softmax over the classes to choose among, in double precision. Probabilities
 * and percentages are rescaled to sum to 1 over these classes, which is the same as softmax over their logits.
 * @throws UsageError `bad-logits` if rows and photos do not match one to one, for numbers that are not finite, for a
 * negative probability, and if `auto` cannot tell logits from probabilities
 */
export async function readAnswers(table: LogitTable, options: ReadOptions): Promise<AnsweredPhotos> {
  const { order, columns, logitsAre, signal, onProgress } = options;
  requireOneOrder(table, order);
  const rows = new Rows(table, order);
  const ofLogits: Answered[] = [];
  const ofProbabilities: Answered[] = [];
  const masked = new Float64Array(columns.length);
  const firstRow = new Map<RowKind, string>();
  for await (const { photo, values } of table.rows()) {
    throwIfInterrupted(signal);
    const position = rows.next(photo);
    requireFinite(table.file, values, rows.nameOf(position));
    const kind = rowKindOf(values);
    if (!firstRow.has(kind)) firstRow.set(kind, rows.nameOf(position));
    columns.forEach((column, i) => (masked[i] = values[column] ?? Number.NaN));
    if (logitsAre === 'probabilities') requireNoNegative(table.file, values, rows.nameOf(position));
    else ofLogits[position] = answerOf(masked);
    if (logitsAre === 'probabilities' || !firstRow.has('logits'))
      ofProbabilities[position] = answerOfProbabilities(masked);
    onProgress(rows.count);
  }
  rows.end();
  const values = logitsAre === 'auto' ? kindOf(table.file, firstRow) : logitsAre;
  return { answers: values === 'logits' ? ofLogits : ofProbabilities, values };
}

function kindOf(file: string, firstRow: ReadonlyMap<RowKind, string>): AnsweredPhotos['values'] {
  if (firstRow.has('logits')) return 'logits';
  const [kind = 'logits', another] = firstRow.keys();
  if (kind !== 'unclear' && another === undefined) return kind;
  const row = firstRow.get('unclear') ?? firstRow.get(another ?? kind) ?? '';
  throw badLogits(
    file,
    `no number is negative, as in probabilities, but not every row sums to 1 (or to 100), as ${row}. Say with --logits-are logits or --logits-are probabilities what the numbers are`,
  );
}

function requireOneOrder({ file, namesPhotos }: LogitTable, { names }: RowOrder): void {
  if (namesPhotos && names !== null)
    throw badLogits(file, 'its first column names the photos, and so does --files. Leave out --files');
}

function requireFinite(file: string, values: Float64Array, row: string): void {
  const column = values.findIndex((value) => !Number.isFinite(value));
  if (column === -1) return;
  throw badLogits(
    file,
    `Expected finite numbers but ${row}, column ${column} (counted from 0) is ${values[column]}. Repair the model or its input`,
  );
}

function requireNoNegative(file: string, values: Float64Array, row: string): void {
  const column = values.findIndex((value) => value < 0);
  if (column === -1) return;
  throw badLogits(
    file,
    `Expected probabilities, as --logits-are says, but ${row}, column ${column} (counted from 0) is ${values[column]}. Leave out --logits-are if these are logits`,
  );
}

class Rows {
  readonly #table: LogitTable;
  readonly #order: RowOrder;
  readonly #rowOf = new Map<number, number>();
  #count = 0;

  constructor(table: LogitTable, order: RowOrder) {
    this.#table = table;
    this.#order = order;
  }

  get count(): number {
    return this.#count;
  }

  next(ownName: string | null): number {
    const row = this.#count;
    this.#count += 1;
    const { names, photos } = this.#order;
    const limit = names ?? photos;
    if (ownName === null && row >= limit.length) return row;
    const name = ownName ?? names?.[row] ?? null;
    const position = name === null ? row : this.#order.positionOf(name);
    if (position === null)
      throw this.#bad(
        `row ${row} (counted from 0) is of ${quote(name)}, which is no photo of the set. Name photos as the set has them, as ${quote(photos[0])}`,
      );
    const earlier = this.#rowOf.get(position);
    if (earlier !== undefined)
      throw this.#bad(
        `the rows ${earlier} and ${row} (counted from 0) are both of ${quote(photos[position])}. Keep one of them`,
      );
    this.#rowOf.set(position, row);
    return position;
  }

  /** `row 3 (n01440764/a.jpg)`, for messages. */
  nameOf(position: number): string {
    const row = this.#count - 1;
    const photo = this.#order.photos[position];
    return photo === undefined ? `row ${row}` : `row ${row} (${photo})`;
  }

  end(): void {
    const { names, photos } = this.#order;
    const { namesPhotos } = this.#table;
    if (!namesPhotos && this.#count !== (names ?? photos).length)
      throw this.#bad(
        names === null
          ? `Expected ${photos.length} rows, one for each photo of the set, but it has ${this.#count}. Give the names of the photos in the order of the rows with --files`
          : `Expected ${names.length} rows, as many as --files has names, but it has ${this.#count}. Write both from the same run`,
      );
    const missing = photos.filter((_, position) => !this.#rowOf.has(position));
    if (missing.length > 0)
      throw this.#bad(
        `${missing.length} of ${photos.length} photos have no row: ${quoted(missing, NAMED)}. Run the model on all photos of the set`,
      );
  }

  #bad(why: string): Error {
    return badLogits(this.#table.file, why);
  }
}
