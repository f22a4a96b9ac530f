import { sql, type Kysely } from 'kysely';
import { FAILED_REASONS } from '../../kernel/reasons.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { parseRobots } from './robots-file.ts';
import type { RobotsUpdate, StoredRobots } from './robots.ts';

export async function readRobots(
  db: Kysely<Database>,
  origin: string,
  agent: string,
): Promise<StoredRobots | undefined> {
  const row = await db.selectFrom('robots').selectAll().where('origin', '=', origin).executeTakeFirst();
  if (row === undefined || row.checked_ms === 0) return undefined;
  return {
    origin,
    rules: row.body === null ? null : parseRobots(row.body, agent),
    life: {
      checkedMs: row.checked_ms,
      expiresMs: row.expires_ms,
      failingSinceMs: row.failing_since_ms,
      retryMs: row.retry_ms,
      failure: FAILED_REASONS.find((reason) => reason === row.failure) ?? null,
    },
    version: { etag: row.etag, lastModified: row.last_modified, bytes: null },
  };
}

export interface RobotsClaim {
  readonly origin: string;
  /** `life.checkedMs` of the copy that the caller has read, 0 for none. If there is a newer copy, the claim is refused. */
  readonly checkedMs: number;
  readonly nowMs: number;
  readonly leaseMs: number;
}

/** False if another worker is fetching it or has just done so. A claim ends with `storeRobots`, or with its lease. */
export async function claimRobots(
  db: Kysely<Database>,
  { origin, checkedMs, nowMs, leaseMs }: RobotsClaim,
): Promise<boolean> {
  // A lease that ends far later than a lease taken now was taken before the clock was set back.
  const { rows } = await sql`
    insert into robots (origin, claimed_until_ms) values (${origin}, ${nowMs + leaseMs})
    on conflict (origin) do update set claimed_until_ms = excluded.claimed_until_ms
      where robots.checked_ms = ${checkedMs}
        and (robots.claimed_until_ms <= ${nowMs} or robots.claimed_until_ms > ${nowMs + 2 * leaseMs})
    returning origin`.execute(db);
  return rows.length > 0;
}

export async function releaseRobots(db: Kysely<Database>, origin: string): Promise<void> {
  await db.updateTable('robots').set({ claimed_until_ms: 0 }).where('origin', '=', origin).execute();
}

export async function storeRobots(
  db: Kysely<Database>,
  origin: string,
  { body, life, version }: RobotsUpdate,
): Promise<void> {
  await sql`
    insert into robots (origin, body, checked_ms, expires_ms, failing_since_ms, retry_ms, failure, etag, last_modified)
    values (${origin}, ${body}, ${life.checkedMs}, ${life.expiresMs}, ${life.failingSinceMs}, ${life.retryMs},
      ${life.failure}, ${version.etag}, ${version.lastModified})
    on conflict (origin) do update set
      body = coalesce(excluded.body, robots.body),
      etag = case when excluded.body is null then robots.etag else excluded.etag end,
      last_modified = case when excluded.body is null then robots.last_modified else excluded.last_modified end,
      checked_ms = excluded.checked_ms,
      expires_ms = excluded.expires_ms,
      failing_since_ms = excluded.failing_since_ms,
      retry_ms = excluded.retry_ms,
      failure = excluded.failure,
      claimed_until_ms = 0`.execute(db);
}
