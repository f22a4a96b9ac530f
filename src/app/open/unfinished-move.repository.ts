import { sql, type Kysely } from 'kysely';
import { UsageError } from '../../kernel/errors.ts';
import type { Database } from '../../platform/postgres/database.ts';

/** @throws UsageError `move-unfinished` for a database into which only a part of a catalogue has been moved */
export async function refuseUnfinishedMove(db: Kysely<Database>, shown: string): Promise<void> {
  const { rows } = await sql<{ there: boolean }>`select to_regclass('winnow_move.state') is not null as there`.execute(
    db,
  );
  if (rows[0]?.there !== true) return;
  const { rows: open } = await sql`select from winnow_move.state where finished_at is null`.execute(db);
  if (open.length === 0) return;
  throw new UsageError(
    `Expected a whole catalogue in ${shown} but a move into it has not come to its end; run the same winnow move again, without this database in the settings`,
    { code: 'move-unfinished' },
  );
}
