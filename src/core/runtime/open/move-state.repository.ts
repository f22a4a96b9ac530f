import { sql, type Kysely } from 'kysely';
import { UsageError } from '../../kernel/errors.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { unfinishedRestore } from './data-folder.process.ts';

/** The record that `winnow move` and `winnow restore` write into their target. */
export interface MoveState {
  /** The database that is moved, or that was backed up: see `identityOf`. */
  readonly source: string;
  /** The snapshot that is restored. Null for a move. */
  readonly snapshot: string | null;
  readonly finishedAt: Date | null;
}

export async function readMove(db: Kysely<Database>): Promise<MoveState | null> {
  const { rows: found } = await sql`select where to_regclass('winnow_move.state') is not null`.execute(db);
  if (found.length === 0) return null;
  // Older moves have no column for the snapshot.
  const { rows } = await sql<{ state: { source: string; snapshot?: string | null; finished_at: string | null } }>`
    select to_jsonb(s) as state from winnow_move.state s`.execute(db);
  const state = rows[0]?.state;
  if (state === undefined) return null;
  const { source, snapshot = null, finished_at: finishedAt } = state;
  return { source, snapshot, finishedAt: finishedAt === null ? null : new Date(finishedAt) };
}

/** @throws UsageError `move-unfinished`, `restore-unfinished` if the catalogue was moved or restored only in part */
export async function refuseUnfinishedMove(db: Kysely<Database>, shown: string): Promise<void> {
  const move = await readMove(db);
  if (move === null || move.finishedAt !== null) return;
  if (move.snapshot !== null) throw unfinishedRestore(move.snapshot, shown);
  throw new UsageError(
    `A move of a catalogue into ${shown} is not finished. Run the same winnow move again, without this database in the settings.`,
    { code: 'move-unfinished' },
  );
}
