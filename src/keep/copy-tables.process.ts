import type { Kysely } from 'kysely';
import type { Client } from 'pg';
import { StopTheRun, throwIfInterrupted } from '../core/kernel/errors.ts';
import type { Database } from '../core/platform/postgres/database.ts';
import { migrateUpTo } from '../core/platform/postgres/open-database.ts';
import type { CopyEvents } from './copy-photos.ts';
import { contentsOf, countRows, type TableContents } from './portions.ts';
import { SECRET_TABLES } from './snapshot.ts';
import {
  catalogueTables,
  insertRows,
  numbersOf,
  readRows,
  refillTables,
  setNumbers,
  type CatalogueTable,
  type TableNumbers,
} from './tables.repository.ts';

/** A table to copy: one of a database, or of a snapshot in a backup. */
export interface SourceTable extends Pick<CatalogueTable, 'name' | 'columns'> {
  numbers(): Promise<TableNumbers | null>;
  /** The rows as COPY writes them. */
  rows(): AsyncIterable<Buffer>;
  contents(): Promise<TableContents>;
}

export interface TargetDatabase extends Pick<CopyEvents, 'onTable' | 'onRows'> {
  readonly db: Kysely<Database>;
  readonly client: Client;
  readonly shown: string;
  readonly signal: AbortSignal;
}

/** The tables of a database. Inside of a transaction they are those of one moment. */
export async function tablesOf(client: Client, signal: AbortSignal): Promise<SourceTable[]> {
  return (await catalogueTables(client)).map((table) => ({
    name: table.name,
    columns: table.columns,
    numbers: () => numbersOf(client, table),
    rows: () => readRows(client, table),
    contents: () => contentsOf(readRows(client, table), signal),
  }));
}

/**
 * Copies a catalogue into a database at the schema of its last migration, in one transaction. Rows that an earlier copy
 * left there are replaced.
 *
 * @throws StopTheRun `copy-differs` if the schema has other tables or columns
 */
export async function copyTables(
  tables: readonly SourceTable[],
  migration: string,
  { db, client, shown, signal, onTable, onRows }: TargetDatabase,
): Promise<void> {
  await migrateUpTo(db, migration);
  const targets = new Map((await catalogueTables(client)).map((table) => [table.name, table]));
  const steps = tables.map((from) => {
    const to = targets.get(from.name);
    if (to !== undefined && String(to.columns) === String(from.columns)) return { from, to };
    throw otherTable(from.name, `${from.columns.join(', ')}, but ${shown} has ${to?.columns.join(', ') ?? 'none'}`);
  });
  for (const { name, columns } of targets.values())
    if (!SECRET_TABLES.includes(name) && !tables.some((from) => from.name === name))
      throw otherTable(name, `${columns.join(', ')}, but the copy lacks it`);
  await refillTables(client, [...targets.values()], async () => {
    for (const { from, to } of steps) {
      onTable(from.name);
      throwIfInterrupted(signal);
      await insertRows(client, to, counted(from.rows(), { signal, onRows }));
      await setNumbers(client, to, await from.numbers());
    }
  });
}

function otherTable(name: string, problem: string): StopTheRun {
  return new StopTheRun(
    `Expected the table ${name} with the columns ${problem}. Nothing was copied. Use the winnow that made the catalogue, and an empty target`,
    { code: 'copy-differs' },
  );
}

async function* counted(
  texts: AsyncIterable<Buffer>,
  { signal, onRows }: Pick<TargetDatabase, 'signal' | 'onRows'>,
): AsyncGenerator<Buffer> {
  for await (const text of texts) {
    throwIfInterrupted(signal);
    yield text;
    onRows(countRows(text));
  }
}

/** Reads the rows of both sides. Returns the number of rows at the target, and the tables that differ with the counts of both. */
export async function compareTables(
  tables: readonly SourceTable[],
  { client, signal, onTable }: TargetDatabase,
): Promise<{ rows: number; differing: string[] }> {
  const targets = await tablesOf(client, signal);
  const differing: string[] = [];
  let rows = 0;
  for (const table of tables) {
    onTable(`${table.name}, read back`);
    const [there, here] = [await table.contents(), await targets.find(({ name }) => name === table.name)?.contents()];
    rows += here?.rows ?? 0;
    if (there.rows !== here?.rows || String(there.hashes) !== String(here.hashes))
      differing.push(`${table.name}: ${there.rows} and ${here?.rows ?? 'no'} rows`);
  }
  return { rows, differing };
}
