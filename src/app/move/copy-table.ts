import type { Client } from 'pg';
import { Interrupted } from '../../kernel/errors.ts';
import { copyRows } from '../../platform/postgres/copy-rows.ts';
import type { CatalogueTable } from './catalogue-tables.ts';
import { noteProgress, progressOf } from './move-state.ts';

/** Rows of one transaction: what a kill costs. */
const ROWS_AT_A_TIME = 20_000;

export interface Ends {
  readonly from: Client;
  readonly to: Client;
}

/**
 * Copies what is missing of a table, in the order of its key, a portion a transaction; how far it has come is written in
 * the same one.
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
  /** The key of its last row, as texts. */
  readonly last: readonly string[] | null;
  readonly isLast: boolean;
  readonly query: string;
}

async function nextPortion(from: Client, table: CatalogueTable, after: readonly string[] | null): Promise<Portion> {
  const { name, columns, key } = table;
  // Without a key there is no order to go on in: all of it at once.
  const limit = key.length === 0 ? null : ROWS_AT_A_TIME;
  const order = key.length === 0 ? '' : ` order by ${key.map(({ column }) => column).join(', ')}`;
  const where = after === null ? '' : ` where ${tupleOf(table)} > ${valuesOf(from, table, after)}`;
  const chosen = `from ${name}${where}${order}${limit === null ? '' : ` limit ${limit}`}`;
  const texts = key.map(({ column }) => `${column}::text`).join(', ');
  // The last row of the portion is found in its index; the rows themselves go straight to the other server.
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

export async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    // The connection may be gone, and the transaction with it.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
