import path from 'node:path';
import type { ExportFormat } from '../protocol.ts';
import type { PhotoRow } from '../select/photo-row.ts';

/** 255 bytes are the most that file systems allow for a name. The numbers, the id and the end need 80 at most. */
const MAX_NAME_BYTES = 80;
/** So many photos of a folder can have the same name. The others carry their ids. */
const MAX_ZEROS = 9;

/**
 * Gives photos the file names of the released ImageNet-A and ImageNet-O, unique within each folder:
 *
 * - mode A: `0.000116_digital clock _ digital clock_0.865662.jpg`, which is `max_true_prob` with six decimals, the
 *   predictions of models 1 and 2 (here the ensemble's, twice), and `predicted_prob` with the digits of a 32-bit number.
 *   The release does not say over which models and crops its numbers are taken.
 * - mode O: `cardinal_tetra_Paracheirodon_axelrodi_0.99767953.JPEG`, which is the concept and `predicted_prob`.
 *
 * A name that the folder has already gets a zero at the end of its last number, which changes no value. Names that differ
 * in case alone count as the same, because some file systems take them for the same.
 *
 * Source: hendrycks/natural-adv-examples, issues 2 and 3, and the names in the release.
 */
export class ReleasedNames {
  #folder = '';
  readonly #timesUsed = new Map<string, number>();

  /**
   * The file name within the folder, with the extension. Photos come in the order of their folders.
   * @param className mode A: the class that the ensemble takes the photo for; mode O: the concept that it was searched as
   */
  nameFor(row: PhotoRow, className: string): string {
    const folder = path.posix.dirname(row.file_name);
    if (folder !== this.#folder) this.#timesUsed.clear();
    this.#folder = folder;
    const name = row.max_true_prob === null ? nameInO(row, className) : nameInA(row, row.max_true_prob, className);
    const key = name.toLowerCase();
    const times = this.#timesUsed.get(key) ?? 0;
    this.#timesUsed.set(key, times + 1);
    const suffix = times <= MAX_ZEROS ? '0'.repeat(times) : `-${row.id}`;
    return `${name}${suffix}${extensionOf(row)}`;
  }
}

export function releasedNamesProblem(formats: readonly ExportFormat[]): string | null {
  if (!formats.includes('webdataset')) return null;
  return (
    '--names imagenet-a cannot be combined with --format webdataset: WebDataset cuts file names at the first dot, and ' +
    'released names begin with a number such as 0.000116, so all photos of a class would become one. Leave out one of the two.'
  );
}

function nameInA(row: PhotoRow, trueProb: number, className: string): string {
  const name = safe(className, ' ');
  return `${trueProb.toFixed(6)}_${name} _ ${name}_${float32Digits(row.predicted_prob)}`;
}

function nameInO(row: PhotoRow, concept: string): string {
  return `${safe(concept, '_')}_${float32Digits(row.predicted_prob)}`;
}

function extensionOf({ file_name, max_true_prob }: PhotoRow): string {
  const extension = path.posix.extname(file_name);
  return extension === '.jpg' && max_true_prob === null ? '.JPEG' : extension;
}

/** A part of a file name on any system. Underscores divide the parts, so spaces and underscores become `space`. */
function safe(text: string, space: ' ' | '_'): string {
  const plain = text
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}<>:"/\\|?*]/gu, '-')
    .replaceAll(/[\s_]+/g, space);
  return cut(plain, MAX_NAME_BYTES).replaceAll(/^[ ._]+|[ ._]+$/g, '') || '-';
}

function cut(text: string, maxBytes: number): string {
  let bytes = 0;
  let kept = '';
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept;
}

/** The fewest digits that tell a number, 0..1, from other 32-bit floats, as NumPy prints it. */
function float32Digits(value: number): string {
  const rounded = Math.fround(value);
  // 1e-6 and less would be printed with an exponent.
  if (rounded < 0.000_001) return rounded.toFixed(9).replace(/(\.\d+?)0+$/, '$1');
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(rounded.toPrecision(digits));
    if (Math.fround(shorter) === rounded) return withPoint(shorter);
  }
  return withPoint(Number(rounded.toPrecision(9)));
}

function withPoint(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
