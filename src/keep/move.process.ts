import { StopTheRun, UsageError } from '../core/kernel/errors.ts';
import { identityOf } from '../core/platform/postgres/clients.ts';
import { openPool } from '../core/platform/postgres/open-database.ts';
import { reachServer } from '../core/platform/postgres/reach-server.ts';
import type { App } from '../core/runtime/open/app.process.ts';
import { compareTables, copyTables, tablesOf, type TargetDatabase } from './copy-tables.process.ts';
import { beginSnapshot, connectPlainly, endSnapshot } from './tables.repository.ts';
import { beginCopy, finishCopy } from './target.repository.ts';

export interface DatabaseMove extends Pick<TargetDatabase, 'shown' | 'signal' | 'onTable' | 'onRows'> {
  readonly app: Pick<App, 'db' | 'connection'>;
  readonly toUrl: string;
}

export interface DatabaseMoved {
  readonly tables: number;
  readonly rows: number;
  /** True if an earlier command had moved it and this one copied nothing. */
  readonly already: boolean;
}

/**
 * Copies the catalogue into another, empty database, and compares the rows of both. The source is only read. An interrupted move
 * starts again when it is called again, and until then other commands refuse the target.
 *
 * @throws UsageError if the target cannot take the catalogue; StopTheRun `copy-differs` if the source changed during the move
 */
export async function moveDatabase(move: DatabaseMove): Promise<DatabaseMoved> {
  const { app, toUrl, shown, signal } = move;
  const { url: fromUrl, applicationName } = app.connection;
  await reachServer({ url: toUrl, applicationName, shown, signal });
  // The statement that needs a lost connection reports it.
  const db = openPool({ url: toUrl, applicationName, poolSize: 1, onConnectionLost: () => undefined });
  const from = await connectPlainly(fromUrl, applicationName);
  const client = await connectPlainly(toUrl, applicationName);
  try {
    const source = await identityOf(app.db);
    if (source === (await identityOf(db)))
      throw new UsageError(
        `Expected another database than the catalogue's own for --to-database but received ${shown}`,
        { code: 'same-database' },
      );
    const tables = await tablesOf(from, signal);
    const copy = { source, snapshot: null };
    const movedAt = await beginCopy(db, { copy, tables, shown, advice: 'create a new one with createdb' });
    const target = { ...move, db, client };
    if (movedAt === null) {
      const { migrations } = await beginSnapshot(from);
      await copyTables(tables, migrations.at(-1) ?? '', target);
      await endSnapshot(from);
    }
    const { rows, differing } = await compareTables(tables, target);
    if (differing.length > 0) throw movedDiffers(differing, move, movedAt);
    if (movedAt === null) await finishCopy(db);
    return { tables: tables.length, rows, already: movedAt !== null };
  } finally {
    await Promise.all([from.end(), client.end(), db.destroy()]);
  }
}

function movedDiffers(differing: readonly string[], { shown }: DatabaseMove, movedAt: Date | null): Error {
  const names = differing.join(', ');
  if (movedAt === null)
    return new StopTheRun(
      `Expected the same rows on both sides but ${names} differ: the catalogue changed while it was moved; stop the winnow commands that work on it and run this command again`,
      { code: 'copy-differs' },
    );
  return new UsageError(
    `Expected nothing to be left to move to ${shown}, where the catalogue was moved on ${movedAt.toISOString()}, but the two have gone on since (${names}); use one of them, or move to an empty database`,
    { code: 'already-moved' },
  );
}
