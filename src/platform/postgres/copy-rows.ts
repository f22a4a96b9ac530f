import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

/**
 * Streams the rows of a query on one server into a table on another, in PostgreSQL's own format: no value is interpreted.
 */
export async function copyRows(
  from: Client,
  to: Client,
  { query, into }: { readonly query: string; readonly into: string },
): Promise<void> {
  await pipeline(from.query(copyTo(`copy (${query}) to stdout`)), to.query(copyFrom(`copy ${into} from stdin`)));
}
