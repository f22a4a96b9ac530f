import { sql, type Kysely } from 'kysely';
import { UsageError } from '../../kernel/errors.ts';
import type { Database } from '../../platform/postgres/database.ts';

/** What `winnow move` writes into its target. */
export interface MoveState {
  /** The database that is moved: see `identityOf`. */
  readonly source: string;
  readonly finishedAt: Date | null;
}

/** The move into this database, or null if none has begun. */
export async function readMove(db: Kysely<Database>): Promise<MoveState | null> {
  const { rows: found } = await sql`select where to_regclass('winnow_move.state') is not null`.execute(db);
  if (found.length === 0) return null;
  const { rows } = await sql<MoveState>`select source, finished_at as "finishedAt" from winnow_move.state`.execute(db);
  return rows[0] ?? null;
}

/**
 * Refuses a database into which a catalogue was moved only in part.
 *
 * @throws UsageError `move-unfinished`
 */
export async function refuseUnfinishedMove(db: Kysely<Database>, shown: string): Promise<void> {
  const move = await readMove(db);
  if (move === null || move.finishedAt !== null) return;
  throw new UsageError(
    `A move of a catalogue into ${shown} is not finished. Run the same winnow move again, without this database in the settings.`,
    { code: 'move-unfinished' },
  );
}
