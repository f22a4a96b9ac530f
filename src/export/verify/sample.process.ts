import type { Sha256 } from '../../kernel/ids.ts';
import type { ExportContent } from './content.process.ts';

/**
 * Chooses photos for a quick look: those with the lowest hashes. Hashes have nothing to do with classes or order, so the photos
 * are spread evenly, and each run chooses the same.
 */
export async function sampled({ rows, signal }: ExportContent, count: number): Promise<ReadonlySet<Sha256>> {
  let lowest: Sha256[] = [];
  for await (const { row } of rows.all(signal)) {
    lowest.push(row.sha256);
    if (lowest.length > 2 * count) lowest = lowest.toSorted().slice(0, count);
  }
  return new Set(lowest.toSorted().slice(0, count));
}
