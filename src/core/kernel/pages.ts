/** A job covers a page, a fixed range of ids, whose number is its key: no process queues the same work twice. */
const IDS_PER_PAGE = 64;

function pageOf(id: number): number {
  return Math.floor(id / IDS_PER_PAGE);
}

export function rangeOf(page: number): { readonly from: number; readonly before: number } {
  return { from: page * IDS_PER_PAGE, before: (page + 1) * IDS_PER_PAGE };
}

export function pagesOf(ids: Iterable<number>): number[] {
  return [...new Set(Array.from(ids, pageOf))].toSorted((a, b) => a - b);
}
