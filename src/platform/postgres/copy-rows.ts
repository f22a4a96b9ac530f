import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

/** Streams the rows of a query of one server into a table of another, as PostgreSQL writes them: no value is interpreted. */
export async function copyRows(
  from: Client,
  to: Client,
  { query, into }: { readonly query: string; readonly into: string },
): Promise<void> {
  await pipeline(from.query(copyTo(`copy (${query}) to stdout`)), to.query(copyFrom(`copy ${into} from stdin`)));
}
