export const ACTIVITIES = [
  'log-in',
  'log-in-failed',
  'log-out',
  'sessions-ended',
  'show-anyway',
  'run-command',
  'stop-command',
  'pause',
  'unpause',
  'retry',
  'prune',
  'takedown',
  'forget-collection',
  'references-add',
  'references-remove',
  'rights-set',
  'acceptance-draw',
  'export',
  'publish',
  'report',
  'migrate',
  'backup',
  'restore',
  'apply-takedowns',
] as const;
export type Activity = (typeof ACTIVITIES)[number];

export type ActivityEnd = 'done' | 'failed' | 'interrupted';

export interface Actor {
  /** The person or the role of a token (`alice`, `operator`); for a command the user of the system, `ann@lab3`. */
  readonly who: string;
  /** The address of the client; for a command the machine and the process, `lab3, process 4242`. */
  readonly place: string;
}

/** Details of the request or its result: a JSON object with words and numbers. Never a secret. */
export type ActivityDetail = Readonly<Record<string, unknown>>;

export interface LoggedActivity extends Actor {
  readonly id: number;
  readonly at: Date;
  readonly action: Activity;
  /** The name of the collection; null: it concerned none or all of them. */
  readonly collection: string | null;
  readonly detail: ActivityDetail;
  /** Null if it still runs, or its process was killed. */
  readonly outcome: ActivityEnd | null;
  readonly endedAt: Date | null;
}
