import type { ColumnType } from 'kysely';
import type { Timestamp } from './timestamp.ts';

/** Row type: an item that was in flight when a process died. */

export interface SuspectTable {
  item: string;
  work: string;
  /** See `Death`. */
  deaths: ColumnType<unknown, string | undefined, string>;
  since: Timestamp;
}
