import { sql, type RawBuilder } from 'kysely';

/**
 * Pauses that are kept in rows go by one clock, the database server's: workers' clocks differ, and are set. Nothing is
 * put off by more than 30 days (the longest hold of a site), so what seems to be was written before that clock was set
 * back, and is due.
 */
const LONGEST_PAUSE = sql`interval '31 days'`;

/** Whether `column`, a time before which something must not be done, or null, is over. */
export function isOver(column: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql`(${column} is null or ${column} <= clock_timestamp() or ${column} > clock_timestamp() + ${LONGEST_PAUSE})`;
}

/** The end of a pause that begins now. */
export function pauseEnd(durationMs: number): RawBuilder<Date> {
  return sql`clock_timestamp() + ${durationMs}::double precision * interval '1 millisecond'`;
}
