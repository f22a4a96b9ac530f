/** What `winnow crawl --dry-run` says of one source: a query, a class, or something to know. */
export interface DryRunLine {
  readonly source: string;
  /** Null for what is of no one class. */
  readonly wnid: string | null;
  /** What is asked for; of photos that are counted, why they would not be taken, or ''. */
  readonly title: string;
  /** Results that the site reports, or photos that were counted; null if that is not known. */
  readonly total: number | null;
  readonly problem: string | null;
}
