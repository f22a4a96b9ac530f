import { sql, type RawBuilder } from 'kysely';

/**
 * The longest pause that a row may hold. Pauses in rows use the clock of the database server, because the clocks of workers
 * differ and may be set. No pause exceeds 30 days (the longest hold of a site). A longer one was written before the
 * server's clock was set back, so it counts as over.
 */
const LONGEST_PAUSE = sql`interval '31 days'`;

/** True if the end of the pause in `column` is null or has passed. */
export function isOver(column: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql`(${column} is null or ${column} <= clock_timestamp() or ${column} > clock_timestamp() + ${LONGEST_PAUSE})`;
}

/** The end of a pause that begins now. */
export function pauseEnd(durationMs: number): RawBuilder<Date> {
  return sql`clock_timestamp() + ${durationMs}::double precision * interval '1 millisecond'`;
}
