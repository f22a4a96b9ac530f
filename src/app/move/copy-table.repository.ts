import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { Interrupted } from '../../kernel/errors.ts';
import { numbersOf, setNumbers, type CatalogueTable } from './catalogue-tables.repository.ts';

/** Rows in one transaction. This is the work that is lost if the process is killed. */
const ROWS_AT_A_TIME = 20_000;

export interface Ends {
  readonly from: Client;
  readonly to: Client;
}

export interface CopyOptions {
  readonly signal: AbortSignal;
  readonly onTable: (table: string) => void;
  readonly onRows: (rows: number) => void;
}

/**
 * Copies the missing rows of all tables, of one snapshot of the source. The counts that triggers keep are copied with the rows. The
 * triggers are enabled again at the end. Until then no command may use the target.
 */
export async function copyTables(
  ends: Ends,
  tables: readonly CatalogueTable[],
  { signal, onTable, onRows }: CopyOptions,
): Promise<void> {
  const { from, to } = ends;
  for (const { name } of tables) await to.query(`alter table ${name} disable trigger user`);
  await from.query('begin isolation level repeatable read, read only');
  try {
    for (const table of tables) {
      onTable(table.name);
      await copyTable(ends, table, { signal, onRows });
    }
  } finally {
    await from.query('rollback').catch(() => undefined);
  }
  for (const table of tables) await setNumbers(to, table, await numbersOf(from, table));
  for (const { name } of tables) await to.query(`alter table ${name} enable trigger user; analyze ${name}`);
}

/**
 * Copies the missing rows of a table in the order of its key, one portion in each transaction. The same transaction stores
 * the progress. The rows go from server to server in PostgreSQL's own format: no value is interpreted.
 */
async function copyTable(
  { from, to }: Ends,
  table: CatalogueTable,
  { signal, onRows }: Omit<CopyOptions, 'onTable'>,
): Promise<void> {
  const { name, columns } = table;
  let { after, rows } = await progressOf(to, name);
  onRows(rows);
  for (;;) {
    if (signal.aborted) throw new Interrupted();
    const portion = await nextPortion(from, table, after);
    if (portion === null) return;
    after = portion.last;
    rows += portion.rows;
    await to.query('begin');
    try {
      const reader = from.query(copyTo(`copy (${portion.query}) to stdout`));
      await pipeline(reader, to.query(copyFrom(`copy ${name} (${columns.join(', ')}) from stdin`)));
      await to.query(
        `insert into winnow_move.progress (name, after, rows) values ($1, $2, $3)
         on conflict (name) do update set after = excluded.after, rows = excluded.rows`,
        [name, after, rows],
      );
      await to.query('commit');
    } catch (error) {
      // The connection may be lost, and its transaction with it.
      await to.query('rollback').catch(() => undefined);
      throw error;
    }
    onRows(portion.rows);
  }
}

/** The key of the last row that was copied, as text, and the number of rows that were. */
async function progressOf(to: Client, table: string): Promise<{ after: string[] | null; rows: number }> {
  const { rows } = await to.query<{ after: string[]; rows: string }>(
    'select after, rows from winnow_move.progress where name = $1',
    [table],
  );
  return { after: rows[0]?.after ?? null, rows: Number(rows[0]?.rows ?? 0) };
}

interface Portion {
  readonly rows: number;
  /** The key of the last row, as text. */
  readonly last: string[];
  readonly query: string;
}

/** The next rows, or null if there are none. The index on the key gives their end. */
async function nextPortion(
  from: Client,
  { name, columns, key }: CatalogueTable,
  after: string[] | null,
): Promise<Portion | null> {
  const keys = key.map(({ column }) => column).join(', ');
  const values = key.map(({ type }, i) => `${from.escapeLiteral(after?.[i] ?? '')}::${type}`).join(', ');
  const rest = `from ${name} ${after === null ? '' : `where (${keys}) > (${values})`} order by ${keys}`;
  const { rows: found } = await from.query<{ last: string[]; rows: string }>(
    `select array[${key.map(({ column }) => `${column}::text`).join(', ')}] as last, row_number() over (order by ${keys}) as rows
     from (select ${keys} ${rest} limit ${ROWS_AT_A_TIME}) as portion order by 2 desc limit 1`,
  );
  const end = found[0];
  if (end === undefined) return null;
  const rows = Number(end.rows);
  return { rows, last: end.last, query: `select ${columns.join(', ')} ${rest} limit ${rows}` };
}

/** Empties the tables without their triggers, and forgets the progress, all or nothing. */
export async function emptyTables(to: Client, tables: readonly CatalogueTable[]): Promise<void> {
  const names = tables.map(({ name }) => name);
  await to.query(
    [
      ...names.map((name) => `alter table ${name} disable trigger user`),
      // Cascade: the unlogged tables, which are not copied, refer to them.
      `truncate ${names.join(', ')} cascade`,
      'delete from winnow_move.progress',
    ].join(';'),
  );
}
