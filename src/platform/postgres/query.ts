import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Database } from './database.ts';

const STREAM_CHUNK_ROWS = 500;

/**
 * Streams the rows of a query through a cursor, so that a result of a million rows is never in memory as a whole. Closing
 * the iterator early closes the cursor.
 */
export async function* streamRows<Row>(db: Kysely<Database>, query: RawBuilder<Row>): AsyncGenerator<Row> {
  for await (const chunk of db.getExecutor().stream<Row>(query.compile(db), STREAM_CHUNK_ROWS)) yield* chunk.rows;
}

/** `column = value`, or no condition if no value is given. */
export function equalsIfGiven(column: string, value: string | undefined): RawBuilder<unknown> {
  return value === undefined ? sql`true` : sql`${sql.ref(column)} = ${value}`;
}

/** True if a column has one of these values, or with `allBut` none of them. */
export function isAmong(
  column: RawBuilder<unknown>,
  values: readonly string[] | { readonly allBut: readonly string[] },
): RawBuilder<boolean> {
  return 'allBut' in values ? sql`${column} <> all(${values.allBut}::text[])` : sql`${column} = any(${values}::text[])`;
}
