import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Database } from './database.ts';

const STREAM_CHUNK_ROWS = 500;

/** Streams the rows of a query through a cursor. Closing the iterator early closes the cursor. */
export async function* streamRows<Row>(db: Kysely<Database>, query: RawBuilder<Row>): AsyncGenerator<Row> {
  for await (const chunk of db.getExecutor().stream<Row>(query.compile(db), STREAM_CHUNK_ROWS)) yield* chunk.rows;
}

/** The row of a statement that always gives one. */
export function onlyRow<Row>({ rows: [row] }: { readonly rows: readonly Row[] }): Row {
  if (row === undefined) throw new Error('Expected a row from PostgreSQL but received none');
  return row;
}

/** `column = value`, or no condition if no value is given. */
export function equalsIfGiven(column: string, value: string | undefined): RawBuilder<unknown> {
  return value === undefined ? sql`true` : sql`${sql.ref(column)} = ${value}`;
}

export type Among = readonly string[] | { readonly allBut: readonly string[] };

export const ALL: Among = { allBut: [] };

/** True if a column has one of these values, or with `allBut` none of them. */
export function isAmong(column: RawBuilder<unknown>, values: Among): RawBuilder<boolean> {
  return 'allBut' in values ? sql`${column} <> all(${values.allBut}::text[])` : sql`${column} = any(${values}::text[])`;
}

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
