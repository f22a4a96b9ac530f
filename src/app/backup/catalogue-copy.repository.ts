import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { codeOf, messageOf, StopTheRun } from '../../kernel/errors.ts';
import type { CatalogueTable } from '../move/catalogue-tables.repository.ts';

/** What a snapshot says of its catalogue. */
export interface CatalogueState {
  readonly at: Date;
  readonly postgres: string;
  readonly migrations: readonly string[];
}

/** Begins a transaction that reads one moment of the catalogue. It locks nothing that other commands need. */
export async function beginSnapshot(client: Client): Promise<CatalogueState> {
  await client.query('begin isolation level repeatable read, read only');
  const { rows } = await client.query<CatalogueState>(
    `select now() as at, current_setting('server_version') as postgres, (select array_agg(name order by name) from kysely_migration) as migrations`,
  );
  const [state] = rows;
  if (state === undefined) throw new Error('Expected one row of a query without a table');
  return state;
}

export async function endSnapshot(client: Client): Promise<void> {
  await client.query('rollback');
}

/** The rows of a table in the order of its key, as COPY writes them. Equal tables of any two servers give equal bytes. */
export function readRows(client: Client, { name, columns, key }: CatalogueTable): AsyncIterable<Buffer> {
  const order = key.map(({ column, type }) => (isText(type) ? `${column} collate "C"` : column)).join(', ');
  return client.query(copyTo(`copy (select ${columns.join(', ')} from ${name} order by ${order}) to stdout`));
}

/** Servers sort texts by different languages. */
function isText(type: string): boolean {
  return type === 'text' || type.startsWith('character');
}

/** The photos that have their bytes, sorted by hash: lines of the hash and the number of bytes. */
export function readPhotoList(client: Client): AsyncIterable<Buffer> {
  return client.query(
    copyTo(
      `copy (select encode(sha256, 'hex'), bytes from photo where bytes_state = 'stored' order by sha256) to stdout`,
    ),
  );
}

/** SQLSTATEs that begin so say that a value or a row is wrong. */
const WRONG_ROWS = /^2[123]/;

/** Inserts rows that COPY wrote. Returns their number. @throws StopTheRun `backup-damaged` if the table cannot have them */
export async function insertRows(
  client: Client,
  { name, columns }: CatalogueTable,
  texts: AsyncIterable<Buffer>,
): Promise<number> {
  const writer = client.query(copyFrom(`copy ${name} (${columns.join(', ')}) from stdin`));
  try {
    await pipeline(Readable.from(texts), writer);
  } catch (error) {
    if (!WRONG_ROWS.test(codeOf(error) ?? '')) throw error;
    throw new StopTheRun(
      `The rows of the table ${name} are damaged in the backup: ${messageOf(error)}. Nothing was stored. Restore another snapshot, or take the backup from a copy`,
      { code: 'backup-damaged', cause: error },
    );
  }
  return writer.rowCount;
}

/**
 * Fills the tables in one transaction, without their triggers: the counts that triggers keep are among the rows. It also notes
 * in the database that they are filled.
 */
export async function fillTables(
  client: Client,
  tables: readonly CatalogueTable[],
  fill: () => Promise<void>,
): Promise<void> {
  await client.query('begin');
  for (const { name } of tables) await client.query(`alter table ${name} disable trigger user`);
  await fill();
  for (const { name } of tables) await client.query(`alter table ${name} enable trigger user`);
  await client.query(`insert into winnow_move.progress (name, after, rows) values ($1, '{}', 0)`, [FILLED]);
  await client.query('commit');
  for (const { name } of tables) await client.query(`analyze ${name}`);
}

const FILLED = 'filled';

/** Whether `fillTables` has ended. */
export async function areFilled(client: Client): Promise<boolean> {
  const { rows } = await client.query('select from winnow_move.progress where name = $1', [FILLED]);
  return rows.length > 0;
}

/** Marks photos as pruned whose bytes had been deleted before they could be copied. */
export async function markPruned(client: Client, hashes: readonly string[]): Promise<void> {
  await client.query(
    `update photo set bytes_state = 'pruned', pruned_at = now()
     where bytes_state = 'stored' and sha256 in (select decode(hex, 'hex') from unnest($1::text[]) as hex)`,
    [hashes],
  );
}
