import { sql, type Kysely } from 'kysely';
import { UsageError } from '../../kernel/errors.ts';
import type { Database } from '../../platform/postgres/database.ts';

/**
 * Refuses a database into which a catalogue was moved only in part.
 *
 * @throws UsageError `move-unfinished`
 */
export async function refuseUnfinishedMove(db: Kysely<Database>, shown: string): Promise<void> {
  const { rows } = await sql<{ there: boolean }>`select to_regclass('winnow_move.state') is not null as there`.execute(
    db,
  );
  if (rows[0]?.there !== true) return;
  const { rows: open } = await sql`select from winnow_move.state where finished_at is null`.execute(db);
  if (open.length === 0) return;
  throw new UsageError(
    `A move of a catalogue into ${shown} is not finished. Run the same winnow move again, without this database in the settings.`,
    { code: 'move-unfinished' },
  );
}
