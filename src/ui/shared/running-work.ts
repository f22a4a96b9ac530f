/** How far work of the server is. */
export interface WorkProgress {
  /** What is counted. */
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

/** Work that the server does now, or that failed. */
export interface RunningWork {
  /** Null while nothing is counted yet. */
  readonly progress: WorkProgress | null;
  /** Why it failed; null: it runs. */
  readonly problem: string | null;
}
