/** Commands that operators start from a page. Those that crawl, publish or delete are not among them. */
export const OPERATIONS = ['filter', 'shortlist', 'rights', 'export', 'verify', 'report'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The operations that take a collection further, by the command of its next step. */
export function operationsOf(command: string): readonly Operation[] {
  const name = /^winnow (\w+) /.exec(command)?.[1];
  // Both dialogs are that of the export, which explains what a missing licence leaves out.
  if (name === 'rights') return ['export'];
  if (name === 'report') return ['verify', 'report'];
  return OPERATIONS.filter((operation) => operation === name);
}

/** The operation of a collection that was started last. */
export interface LastOperation {
  /** The line of its begin in the activity log. */
  readonly id: number;
  readonly operation: Operation;
  /** Those that the person has chosen. */
  readonly flags: readonly string[];
  readonly who: string;
  readonly at: Date;
  readonly endedAt: Date | null;
  /** `stopping`: a person has asked it to stop, and its jobs in flight end. `interrupted`: it did not end by itself. */
  readonly state: 'running' | 'stopping' | 'done' | 'failed' | 'interrupted';
  /** The person who stopped it. `null` if nobody did: an interrupted one then ended with its server. */
  readonly stoppedBy: string | null;
  /** Why it failed; null if it did not. */
  readonly reason: string | null;
  /** The process whose child it is: `lab3, process 4242`. */
  readonly server: string;
}
