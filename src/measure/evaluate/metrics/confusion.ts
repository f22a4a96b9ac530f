export interface ConfusionCount {
  readonly wnid: string;
  readonly predictedWnid: string;
  readonly photos: number;
}

export interface ConfusionMatrix {
  readonly cells: number;
  readonly possible: number;
  readonly density: number | null;
  readonly coverage: number | null;
  readonly entropy: number | null;
  readonly counts: readonly ConfusionCount[];
  /** The cells with most photos, most first, then by wnid. */
  readonly top: readonly ConfusionCount[];
}

export interface MatrixShape {
  readonly searched: readonly string[];
  readonly predicted: readonly string[];
  /** False in mode A, which drops photos that are taken for what they show. */
  readonly hasDiagonal: boolean;
}

const TOP_CELLS = 20;

/**
 * Measures the matrix of what photos are searched as and what the ensemble takes them for.
 * - possible = rows · columns, without the diagonal in mode A
 * - density = cells with a photo / possible, 0..1
 * - coverage = rows with a photo / rows, 0..1
 * - entropy = -sum(p · log2 p) over the cells, in bits; p is a cell's share of the photos. 0..log2(possible).
 *
 * Source: Hendrycks et al., "Natural Adversarial Examples" (2021), appendix (the paper aims at a dense matrix); C. E. Shannon,
 * "A Mathematical Theory of Communication" (1948).
 * @param counts photos of cells. Cells that are named twice are added, cells of 0 photos left out.
 * @throws RangeError if a count is not a whole number, or its cell is not in the matrix
 */
export function confusionMatrix(counts: readonly ConfusionCount[], shape: MatrixShape): ConfusionMatrix {
  const [rows, columns] = [new Set(shape.searched), new Set(shape.predicted)];
  const both = [...rows].filter((wnid) => columns.has(wnid)).length;
  const possible = rows.size * columns.size - (shape.hasDiagonal ? 0 : both);
  const cells = [...cellsOf(counts, { rows, columns, hasDiagonal: shape.hasDiagonal }).values()].toSorted(byWnid);
  return {
    cells: cells.length,
    possible,
    density: possible === 0 ? null : cells.length / possible,
    coverage: rows.size === 0 ? null : new Set(cells.map(({ wnid }) => wnid)).size / rows.size,
    entropy: cells.length === 0 ? null : entropyOf(cells.map(({ photos }) => photos)),
    counts: cells,
    top: cells.toSorted((a, b) => b.photos - a.photos).slice(0, TOP_CELLS),
  };
}

interface Place {
  readonly rows: ReadonlySet<string>;
  readonly columns: ReadonlySet<string>;
  readonly hasDiagonal: boolean;
}

function cellsOf(counts: readonly ConfusionCount[], place: Place): Map<string, ConfusionCount> {
  const cells = new Map<string, ConfusionCount>();
  for (const count of counts) {
    checkCell(count, place);
    const key = `${count.wnid} ${count.predictedWnid}`;
    const photos = count.photos + (cells.get(key)?.photos ?? 0);
    if (photos > 0) cells.set(key, { wnid: count.wnid, predictedWnid: count.predictedWnid, photos });
  }
  return cells;
}

function checkCell({ wnid, predictedWnid, photos }: ConfusionCount, { rows, columns, hasDiagonal }: Place): void {
  const cell = `'${wnid}' taken for '${predictedWnid}'`;
  if (!Number.isSafeInteger(photos) || photos < 0) {
    throw new RangeError(`Expected a whole number of photos of ${cell} but received ${photos}.`);
  }
  if (!rows.has(wnid) || !columns.has(predictedWnid)) {
    throw new RangeError(`${cell} is not in the confusion matrix: pass both classes in its shape.`);
  }
  if (!hasDiagonal && wnid === predictedWnid && photos > 0) {
    throw new RangeError(`${cell}: in mode A no photo is taken for what it shows.`);
  }
}

function byWnid(a: ConfusionCount, b: ConfusionCount): number {
  return compare(a.wnid, b.wnid) || compare(a.predictedWnid, b.predictedWnid);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Written as log2(all) - sum(n·log2 n)/all, which is 0 and not -0 for one cell. */
function entropyOf(photos: readonly number[]): number {
  const all = photos.reduce((sum, count) => sum + count, 0);
  return Math.log2(all) - photos.reduce((sum, count) => sum + count * Math.log2(count), 0) / all;
}
