import { sql, type Kysely } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';

export interface ConnectedProcess {
  /** `crawl`, `filter-worker`, `server`. */
  readonly name: string;
  readonly pid: number;
  /** The name of its machine; null on this one. */
  readonly address: string | null;
  readonly since: Date;
}

/** PostgreSQL drops the connection of a process that dies, so none of the dead is listed. */
export async function connectedProcesses(
  db: Kysely<Database>,
  which: 'all' | 'others' = 'all',
): Promise<ConnectedProcess[]> {
  const isOther = which === 'all' ? sql`true` : sql`application_name <> current_setting('application_name')`;
  const { rows } = await sql<ConnectedProcess>`
    select name[1] as name, name[2]::int as pid, coalesce(name[3], host(client_addr)) as address, min(backend_start) as since
    from pg_stat_activity, regexp_match(application_name, '^winnow (\\S+) (\\d+)(?: (\\S+))?$') as name
    where datname = current_database() and name is not null and ${isOther} group by 1, 2, 3 order by 1, 2, 3`.execute(
    db,
  );
  return rows;
}
