import type { CopyEvents } from '../copy-photos.ts';
import { withProgress } from '../../core/cli/text/progress.ts';

export interface CopyTotals {
  /** Rows of the catalogue; null if the number is unknown. Not given: the catalogue is not copied. */
  readonly rows?: number | null;
  /** Not given: photos are not copied. */
  readonly photos?: number;
  /** True if the totals may still grow. */
  readonly isGrowing?: boolean;
}

export function withCopyProgress<T>(
  { rows, photos, isGrowing = false }: CopyTotals,
  work: (events: CopyEvents) => Promise<T>,
): Promise<T> {
  const table = { label: 'catalogue', done: 0, total: rows ?? null, isGrowing, note: '' };
  const photo = { label: 'photos', done: 0, total: photos ?? null, isGrowing, bytes: 0, note: '' };
  const lines = [...(rows === undefined ? [] : [table]), ...(photos === undefined ? [] : [photo])];
  return withProgress(
    () => lines,
    () =>
      work({
        onTable: (name) => void (table.note = name),
        onRows: (count) => void (table.done += count),
        onPhoto({ bytes, isCopied }) {
          photo.done += 1;
          if (isCopied) photo.bytes += bytes;
        },
      }),
  );
}
