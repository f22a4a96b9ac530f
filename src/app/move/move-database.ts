import type { Client } from 'pg';
import { StopTheRun, UsageError } from '../../kernel/errors.ts';
import { openDatabase } from '../../platform/postgres/open-database.ts';
import { reachServer } from '../../platform/postgres/reach-server.ts';
import { SteadyClient } from '../../platform/postgres/steady-client.ts';
import { catalogueTables, PLAIN_TEXT, sumOf, type CatalogueTable } from './catalogue-tables.repository.ts';
import {
  continueNumbers,
  copyTable,
  disableTriggers,
  emptyTables,
  enableTriggers,
  inSnapshot,
  type Ends,
} from './copy-table.repository.ts';
import { beginMove, finishMove, identityOf, progressOf, readMove } from './move-state.repository.ts';
import { requireFreeTarget, requireNobody } from './target.repository.ts';

export interface DatabaseMove {
  readonly fromUrl: string;
  readonly toUrl: string;
  /** The target without its password, and which setting named it. */
  readonly shown: string;
  readonly applicationName: string;
  readonly signal: AbortSignal;
  readonly onTable: (table: string) => void;
  readonly onRows: (rows: number) => void;
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
  const { applicationName, shown, signal } = move;
  await reachServer({ url: move.toUrl, applicationName, shown, signal });
  const ends: Ends = { from: await connect(move.fromUrl, move), to: await connect(move.toUrl, move) };
  try {
    return await moveBetween(ends, move);
  } finally {
    await Promise.all([ends.from.end(), ends.to.end()]);
  }
}

async function connect(url: string, { applicationName }: DatabaseMove): Promise<Client> {
  const client = new SteadyClient({ connectionString: url, application_name: applicationName });
  await client.connect();
  await client.query(PLAIN_TEXT);
  return client;
}

async function moveBetween(ends: Ends, move: DatabaseMove): Promise<DatabaseMoved> {
  const { shown, applicationName } = move;
  const source = await identityOf(ends.from);
  if (source === (await identityOf(ends.to)))
    throw new UsageError(`Expected another database than the catalogue's own for --to-database but received ${shown}`, {
      code: 'same-database',
    });
  await requireNobody(ends.to, { where: shown, applicationName });
  const begun = await readMove(ends.to);
  const tables = await catalogueTables(ends.from);
  if (begun === null) {
    await requireFreeTarget(ends.to, tables, shown);
    await beginMove(ends.to, source);
  } else if (begun.source !== source) {
    throw new UsageError(
      `Expected an empty database at ${shown} but another catalogue was moved into it; choose another one`,
      {
        code: 'target-not-empty',
      },
    );
  } else if (begun.finishedAt !== null) return alreadyMoved(ends, { tables, shown, finishedAt: begun.finishedAt });
  await migrate(move);
  await copyAll(ends, tables, { move, isResumed: begun !== null });
  await finishMove(ends.to);
  return { tables: tables.length, rows: await rowsOf(ends, tables), already: false };
}

/** The statement that needs a lost connection reports it. */
function ignore(): void {}

async function migrate({ toUrl, applicationName }: DatabaseMove): Promise<void> {
  const db = await openDatabase({ url: toUrl, applicationName, poolSize: 1, onConnectionLost: ignore });
  await db.destroy();
}

async function alreadyMoved(
  ends: Ends,
  { tables, shown, finishedAt }: { tables: readonly CatalogueTable[]; shown: string; finishedAt: Date },
): Promise<DatabaseMoved> {
  const differing = await differences(ends, tables);
  if (differing.length === 0) return { tables: tables.length, rows: await rowsOf(ends, tables), already: true };
  throw new UsageError(
    `Expected nothing to be left to move to ${shown}, where the catalogue was moved on ${finishedAt.toISOString()}, but the two have gone on since (${differing.join(', ')}); use one of them, or move to an empty database`,
    { code: 'already-moved' },
  );
}

async function copyAll(
  ends: Ends,
  tables: readonly CatalogueTable[],
  { move, isResumed }: { move: DatabaseMove; isResumed: boolean },
): Promise<void> {
  await copyRemaining(ends, tables, move);
  let differing = await differences(ends, tables);
  if (differing.length > 0 && isResumed) {
    move.warn(`The catalogue has changed since the move began (${differing.join(', ')}). The move starts again.`);
    await emptyTables(ends.to, tables);
    await copyRemaining(ends, tables, move);
    differing = await differences(ends, tables);
  }
  if (differing.length === 0) return;
  await emptyTables(ends.to, tables);
  throw new StopTheRun(
    `Expected the same rows on both sides but ${differing.join(', ')} differ: the catalogue changed while it was moved; stop the winnow commands that work on it and run this command again`,
    { code: 'move-differs' },
  );
}

async function copyRemaining(ends: Ends, tables: readonly CatalogueTable[], move: DatabaseMove): Promise<void> {
  // The counts that triggers keep are copied with the rows. The triggers are enabled again at the end. Until then no
  // command may use the target.
  await disableTriggers(ends.to, tables);
  await inSnapshot(ends.from, async () => {
    for (const table of tables) {
      move.onTable(table.name);
      await copyTable(ends, table, move);
    }
  });
  for (const table of tables) await continueNumbers(ends, table);
  await enableTriggers(ends.to, tables);
}

/** Tables whose rows differ between both sides at present, with the counts of both. */
async function differences({ from, to }: Ends, tables: readonly CatalogueTable[]): Promise<string[]> {
  const differing: string[] = [];
  for (const table of tables) {
    const [there, here] = await Promise.all([sumOf(from, table), sumOf(to, table)]);
    if (there.rows !== here.rows || there.sum !== here.sum)
      differing.push(`${table.name}: ${there.rows} and ${here.rows} rows`);
  }
  return differing;
}

async function rowsOf({ to }: Ends, tables: readonly CatalogueTable[]): Promise<number> {
  let rows = 0;
  for (const { name } of tables) rows += (await progressOf(to, name)).rows;
  return rows;
}
