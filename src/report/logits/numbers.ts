/** Words for numbers that are not finite, as NumPy, pandas and PyTorch write them. */
const NOT_FINITE = /^[+-]?(?:nan|inf|infinity)$/i;

/** The number that a cell of a text holds, maybe NaN or infinite. Null: it holds something else. */
export function numberIn(cell: string): number | null {
  const value = Number(cell);
  if (!Number.isNaN(value)) return cell.trim() === '' ? null : value;
  const word = cell.trim();
  if (!NOT_FINITE.test(word)) return null;
  if (/nan$/i.test(word)) return Number.NaN;
  return word.startsWith('-') ? -Infinity : Infinity;
}

/** Whether names only count columns, as pandas does: 0, 1, 2, … */
export function areCounted(names: readonly string[]): boolean {
  return names.length > 1 && names.every((name, i) => numberIn(name) === i);
}
