import type { ColumnType, Generated } from 'kysely';
import type { Timestamp } from './timestamp.ts';

/** Row types: what processes work at, and what was in hand when they died. */

export interface InHandTable {
  id: Generated<number>;
  backend_pid: number;
  backend_start: Date;
  work: string;
  items: string[];
}

export interface SuspectTable {
  item: string;
  work: string;
  /** See `Death`. */
  deaths: ColumnType<unknown, string | undefined, string>;
  since: Timestamp;
}
