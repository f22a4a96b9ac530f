/**
 * Jobs carry pages: fixed ranges of 64 ids. A page's number is the job's key, so whoever derives jobs from the
 * catalogue, at whatever moment, names the same work in the same way, and a job that is already queued is not added twice.
 */
export const IDS_PER_PAGE = 64;

export function pageOf(id: number): number {
  return Math.floor(id / IDS_PER_PAGE);
}

/** First id of the page, and the first id after it. */
export function rangeOf(page: number): { readonly from: number; readonly before: number } {
  return { from: page * IDS_PER_PAGE, before: (page + 1) * IDS_PER_PAGE };
}

/** The pages of some ids, each once, ascending. */
export function pagesOf(ids: Iterable<number>): number[] {
  return [...new Set(Array.from(ids, pageOf))].toSorted((a, b) => a - b);
}
