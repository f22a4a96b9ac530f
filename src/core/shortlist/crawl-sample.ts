import type { Sha256, Wnid } from '../kernel/ids.ts';
import { droppedRow } from './controls.ts';
import type { ShortlistRow } from './shortlist.ts';

/** A photo of the last sample, if it still has its bytes. */
export interface DrawnPhoto {
  readonly wnid: Wnid;
  readonly sha256: Sha256;
  readonly isKept: boolean;
  /** The largest known p of its class, 0..1: a lower bound. */
  readonly maxTrueProb: number;
}

export const keyOf = ({ wnid, sha256 }: Pick<ShortlistRow, 'wnid' | 'sha256'>): string => `${wnid} ${sha256}`;

/** Marks the drawn photos that are left out, and adds the dropped ones after the other rows of their class. Controls stay controls. */
export function withDrawn(rows: readonly ShortlistRow[], drawn: readonly DrawnPhoto[]): ShortlistRow[] {
  const left = new Map(drawn.map((photo) => [keyOf(photo), photo]));
  const marked = rows.map((row): ShortlistRow => {
    const isMarked = left.delete(keyOf(row)) && (row.reason === 'cap' || row.reason === 'target');
    return isMarked ? { ...row, state: 'crawl-sample' } : row;
  });
  const dropped = [...left.values()].filter(({ isKept }) => !isKept);
  const all = [...marked, ...dropped.map((photo) => droppedRow(photo, 'crawl-sample'))];
  return all.toSorted((a, b) => Number(a.wnid > b.wnid) - Number(a.wnid < b.wnid));
}
