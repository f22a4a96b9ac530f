import type { Kysely } from 'kysely';
import { StopTheRun, UsageError } from '../../kernel/errors.ts';
import { identityOf } from '../../platform/postgres/clients.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { migrate, openPool } from '../../platform/postgres/open-database.ts';
import { reachServer } from '../../platform/postgres/reach-server.ts';
import type { App } from '../open/app.ts';
import { readMove } from '../open/move-state.repository.ts';
import { catalogueTables, connectPlainly, sumOf, type CatalogueTable } from './catalogue-tables.repository.ts';
import { copyTables, emptyTables, type CopyOptions, type Ends } from './copy-table.repository.ts';
import { beginMove, finishMove, requireFreeTarget, requireNobodyElse } from './target.repository.ts';

export interface DatabaseMove extends CopyOptions {
  readonly app: Pick<App, 'db' | 'connection'>;
  readonly toUrl: string;
  /** The target without its password, and which setting named it. */
  readonly shown: string;
  readonly warn: (message: string) => void;
}

export interface DatabaseMoved {
  readonly tables: number;
  readonly rows: number;
  /** True if an earlier command had moved it and this one copied nothing. */
  readonly already: boolean;
}

/**
 * Copies the catalogue into another, empty database. The source is only read. An interrupted move is resumed. At the end
 * the rows of every table are counted and summed on both sides.
 *
 * @throws UsageError if the target cannot take the catalogue, StopTheRun `move-differs` if the source changed during the
 * move
 */
export async function moveDatabase(move: DatabaseMove): Promise<DatabaseMoved> {
  const { toUrl, shown, signal } = move;
  const { url: fromUrl, applicationName } = move.app.connection;
  await reachServer({ url: toUrl, applicationName, shown, signal });
  // The statement that needs a lost connection reports it.
  const target = openPool({ url: toUrl, applicationName, poolSize: 1, onConnectionLost: () => undefined });
  const ends: Ends = {
    from: await connectPlainly(fromUrl, applicationName),
    to: await connectPlainly(toUrl, applicationName),
  };
  try {
    return await moveBetween(ends, target, move);
  } finally {
    await Promise.all([ends.from.end(), ends.to.end(), target.destroy()]);
  }
}

async function moveBetween(ends: Ends, target: Kysely<Database>, move: DatabaseMove): Promise<DatabaseMoved> {
  const { shown, app } = move;
  const source = await identityOf(app.db);
  if (source === (await identityOf(target)))
    throw new UsageError(`Expected another database than the catalogue's own for --to-database but received ${shown}`, {
      code: 'same-database',
    });
  await requireNobodyElse(target, shown);
  const begun = await readMove(target);
  const tables = await catalogueTables(ends.from);
  if (begun === null) {
    await requireFreeTarget(target, tables, { shown, advice: 'create a new one with createdb' });
    await beginMove(target, { source, snapshot: null });
  } else if (begun.source !== source) {
    throw new UsageError(
      `Expected an empty database at ${shown} but another catalogue was moved into it; choose another one`,
      { code: 'target-not-empty' },
    );
  } else if (begun.finishedAt !== null) {
    const { differing, rows } = await compare(ends, tables);
    if (differing.length === 0) return { tables: tables.length, rows, already: true };
    throw new UsageError(
      `Expected nothing to be left to move to ${shown}, where the catalogue was moved on ${begun.finishedAt.toISOString()}, but the two have gone on since (${differing.join(', ')}); use one of them, or move to an empty database`,
      { code: 'already-moved' },
    );
  }
  await migrate(target);
  const rows = await copyAll(ends, tables, { move, isResumed: begun !== null });
  await finishMove(target);
  return { tables: tables.length, rows, already: false };
}

/** Returns the number of rows. */
async function copyAll(
  ends: Ends,
  tables: readonly CatalogueTable[],
  { move, isResumed }: { move: DatabaseMove; isResumed: boolean },
): Promise<number> {
  for (let tries = isResumed ? 2 : 1; ; tries -= 1) {
    await copyTables(ends, tables, move);
    const { differing, rows } = await compare(ends, tables);
    if (differing.length === 0) return rows;
    await emptyTables(ends.to, tables);
    if (tries === 1)
      throw new StopTheRun(
        `Expected the same rows on both sides but ${differing.join(', ')} differ: the catalogue changed while it was moved; stop the winnow commands that work on it and run this command again`,
        { code: 'move-differs' },
      );
    move.warn(`The catalogue has changed since the move began (${differing.join(', ')}). The move starts again.`);
  }
}

/** The number of rows in the target, and the tables whose rows differ between both sides at present, with the counts of both. */
async function compare(
  { from, to }: Ends,
  tables: readonly CatalogueTable[],
): Promise<{ rows: number; differing: string[] }> {
  const differing: string[] = [];
  let rows = 0;
  for (const table of tables) {
    const [there, here] = await Promise.all([sumOf(from, table), sumOf(to, table)]);
    rows += here.rows;
    if (there.rows !== here.rows || there.sum !== here.sum)
      differing.push(`${table.name}: ${there.rows} and ${here.rows} rows`);
  }
  return { rows, differing };
}
