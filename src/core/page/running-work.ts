export interface WorkProgress {
  /** The unit that is counted. */
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

/** Work of the server that is running or has failed. */
export interface RunningWork {
  /** `null` before counting starts. */
  readonly progress: WorkProgress | null;
  /** Why it failed; `null` while it runs. */
  readonly problem: string | null;
}
