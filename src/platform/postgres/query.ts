import { sql, type Kysely, type QueryResult, type RawBuilder } from 'kysely';
import type { Database } from './database.ts';

const STREAM_CHUNK_ROWS = 500;

/**
 * Streams the rows of a query through a cursor, so that a result of a million rows never sits in memory. Closing the
 * iterator early closes the cursor.
 */
export function streamRows<Row>(db: Kysely<Database>, query: RawBuilder<Row>): AsyncGenerator<Row> {
  return rowsOf(db.getExecutor().stream<Row>(query.compile(db), STREAM_CHUNK_ROWS));
}

async function* rowsOf<Row>(chunks: AsyncIterable<QueryResult<Row>>): AsyncGenerator<Row> {
  for await (const chunk of chunks) yield* chunk.rows;
}

/** `column = value`, or no condition where no value was asked for. */
export function equalsIfGiven(column: string, value: string | undefined): RawBuilder<unknown> {
  return value === undefined ? sql`true` : sql`${sql.ref(column)} = ${value}`;
}
