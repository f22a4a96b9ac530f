import type { Client } from 'pg';
import { Interrupted } from '../../kernel/errors.ts';
import { copyRows } from '../../platform/postgres/copy-rows.ts';
import type { CatalogueTable } from './catalogue-tables.repository.ts';
import { forgetProgress, noteProgress, progressOf } from './move-state.repository.ts';

/** Rows in one transaction. This is the work that is lost if the process is killed. */
const ROWS_AT_A_TIME = 20_000;

export interface Ends {
  readonly from: Client;
  readonly to: Client;
}

/**
 * Copies the missing rows of a table in the order of its key, one portion in each transaction. The same transaction stores
 * the progress.
 */
export async function copyTable(
  ends: Ends,
  table: CatalogueTable,
  { signal, onRows }: { readonly signal: AbortSignal; readonly onRows: (rows: number) => void },
): Promise<void> {
  let { after, rows, done } = await progressOf(ends.to, table.name);
  onRows(rows);
  while (!done) {
    if (signal.aborted) throw new Interrupted();
    const portion = await nextPortion(ends.from, table, after);
    done = portion.isLast;
    after = portion.last ?? after;
    rows += portion.rows;
    await inTransaction(ends.to, async () => {
      if (portion.rows > 0) await copyRows(ends.from, ends.to, { query: portion.query, into: placeOf(table) });
      await noteProgress(ends.to, table.name, { after, rows, done });
    });
    onRows(portion.rows);
  }
}

function placeOf({ name, columns }: CatalogueTable): string {
  return `${name} (${columns.join(', ')})`;
}

interface Portion {
  readonly rows: number;
  /** The key of the last row, as text. */
  readonly last: readonly string[] | null;
  readonly isLast: boolean;
  readonly query: string;
}

async function nextPortion(from: Client, table: CatalogueTable, after: readonly string[] | null): Promise<Portion> {
  const { name, columns, key } = table;
  // Without a key there is no order in which to resume, so the whole table is one portion.
  const limit = key.length === 0 ? null : ROWS_AT_A_TIME;
  const order = key.length === 0 ? '' : ` order by ${key.map(({ column }) => column).join(', ')}`;
  const where = after === null ? '' : ` where ${tupleOf(table)} > ${valuesOf(from, table, after)}`;
  const chosen = `from ${name}${where}${order}${limit === null ? '' : ` limit ${limit}`}`;
  const texts = key.map(({ column }) => `${column}::text`).join(', ');
  // The index gives the last row of the portion. The rows themselves go straight to the other server.
  const { rows: counted } = await from.query<{ rows: string }>(
    `select count(*) as rows from (select ${chosen}) portion`,
  );
  const rows = Number(counted[0]?.rows ?? 0);
  let last: string[] | null = null;
  if (rows > 0 && key.length > 0) {
    const { rows: found } = await from.query<{ last: string[] }>(
      `select array[${texts}] as last from ${name}${where}${order} offset ${rows - 1} limit 1`,
    );
    last = found[0]?.last ?? null;
  }
  return { rows, last, isLast: limit === null || rows < limit, query: `select ${columns.join(', ')} ${chosen}` };
}

function tupleOf({ key }: CatalogueTable): string {
  return `(${key.map(({ column }) => column).join(', ')})`;
}

function valuesOf(client: Client, { key }: CatalogueTable, values: readonly string[]): string {
  return `(${key.map(({ type }, i) => `${client.escapeLiteral(values[i] ?? '')}::${type}`).join(', ')})`;
}

async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    // The connection may be lost, and its transaction with it.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** Reads one snapshot of the database, whatever others write. */
export async function inSnapshot(client: Client, work: () => Promise<void>): Promise<void> {
  await client.query('begin isolation level repeatable read, read only');
  try {
    await work();
  } finally {
    await client.query('rollback').catch(() => undefined);
  }
}

export async function disableTriggers(to: Client, tables: readonly CatalogueTable[]): Promise<void> {
  for (const { name } of tables) await to.query(`alter table ${name} disable trigger user`);
}

export async function enableTriggers(to: Client, tables: readonly CatalogueTable[]): Promise<void> {
  for (const { name } of tables) await to.query(`alter table ${name} enable trigger user; analyze ${name}`);
}

/** Sets the target's sequence so that the next id is the one that the source would have assigned. */
export async function continueNumbers({ from, to }: Ends, { name, identity }: CatalogueTable): Promise<void> {
  if (identity === null) return;
  const sequence = `pg_get_serial_sequence('${name}', '${identity}')`;
  const { rows } = await from.query<{ sequence: string }>(`select ${sequence} as sequence`);
  const { rows: values } = await from.query<{ last_value: string; is_called: boolean }>(
    `select last_value, is_called from ${rows[0]?.sequence ?? ''}`,
  );
  const value = values[0];
  if (value !== undefined) await to.query(`select setval(${sequence}, ${value.last_value}, ${value.is_called})`);
}

export async function emptyTables(to: Client, tables: readonly CatalogueTable[]): Promise<void> {
  await inTransaction(to, async () => {
    await disableTriggers(to, tables);
    await to.query(`truncate ${tables.map(({ name }) => name).join(', ')}`);
    await forgetProgress(to);
  });
}
