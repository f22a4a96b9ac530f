import { sql, type Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import type { SourceStop } from './patience.ts';

export interface StoredStop extends SourceStop {
  readonly source: string;
  readonly at: Date;
}

export async function storeStop(
  db: Kysely<Database>,
  collectionId: number,
  { source, reason, error, host, until }: SourceStop & { readonly source: string },
): Promise<void> {
  await sql`
    insert into stopped_source (collection_id, source, reason, error, host, until)
    values (${collectionId}::int, ${source}, ${reason}, ${error}, ${host}, ${until})
    on conflict (collection_id, source) do update
      set reason = excluded.reason, error = excluded.error, host = excluded.host, until = excluded.until, at = clock_timestamp()`.execute(
    db,
  );
}

/** Call it when a crawl or a worker begins with the sources. */
export async function clearStops(
  db: Kysely<Database>,
  collectionId: number,
  sources: readonly string[],
): Promise<void> {
  await sql`delete from stopped_source where collection_id = ${collectionId} and source = any(${sources}::text[])`.execute(
    db,
  );
}

/** The sources that the last crawl gave up, by name. */
export async function readStops(db: Kysely<Database>, collectionId: number): Promise<StoredStop[]> {
  const { rows } = await sql<StoredStop>`
    select source, reason, error, host, at, until from stopped_source
    where collection_id = ${collectionId} order by source collate "C"`.execute(db);
  return rows;
}
