import type { ColumnType } from 'kysely';
import type { Timestamp } from './timestamp.ts';

/** Row type: what a process worked on when it died. */

export interface SuspectTable {
  item: string;
  work: string;
  /** See `Death`. */
  deaths: ColumnType<unknown, string | undefined, string>;
  since: Timestamp;
}
