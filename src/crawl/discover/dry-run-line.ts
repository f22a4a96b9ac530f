/** A line of `winnow crawl --dry-run` about one source: a query, a class, or a note. */
export interface DryRunLine {
  readonly source: string;
  readonly wnid: string | null;
  /** The query. For counted photos, the reason why they would not be taken, or empty. */
  readonly title: string;
  /** How many results the site reports, or how many photos were counted. Null if unknown. */
  readonly total: number | null;
  readonly problem: string | null;
}
