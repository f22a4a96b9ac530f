import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { SteadyClient } from '../core/platform/postgres/steady-client.ts';

/** A table of the catalogue as the server describes it. Names are quoted. */
export interface CatalogueTable {
  readonly name: string;
  /** All columns except generated ones, in order. */
  readonly columns: readonly string[];
  readonly key: readonly { readonly column: string; readonly type: string }[];
  readonly sequence: string | null;
  readonly needs: readonly string[];
}

/** Kysely's records of applied migrations. Each catalogue has its own. */
const NOT_DATA = ['kysely_migration', 'kysely_migration_lock'];

/** Each after the tables that it refers to, without unlogged ones, whose rows are made again when missing. */
export async function catalogueTables(client: Client): Promise<CatalogueTable[]> {
  const { rows } = await client.query<CatalogueTable>(
    `select quote_ident(c.relname) as name,
      (select array_agg(quote_ident(attname) order by attnum) from pg_attribute
        where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '') as columns,
      coalesce((select json_agg(json_build_object('column', quote_ident(a.attname), 'type', format_type(a.atttypid, a.atttypmod)) order by k.place)
        from pg_index i, unnest(i.indkey::int[]) with ordinality as k (attnum, place), pg_attribute a
        where i.indrelid = c.oid and i.indisprimary and a.attrelid = c.oid and a.attnum = k.attnum),
        (select json_agg(json_build_object('column', quote_ident(attname), 'type', format_type(atttypid, atttypmod)))
        from pg_attribute where attrelid = c.oid and attidentity <> ''), '[]') as key,
      (select pg_get_serial_sequence(quote_ident(c.relname), attname) from pg_attribute
        where attrelid = c.oid and attidentity <> '') as sequence,
      array(select quote_ident(f.relname) from pg_constraint r join pg_class f on f.oid = r.confrelid
        where r.conrelid = c.oid and r.contype = 'f' and f.oid <> c.oid) as needs
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relpersistence = 'p' and c.relname <> all ($1)
    order by c.relname`,
    [NOT_DATA],
  );
  return inOrder(rows);
}

function inOrder(tables: readonly CatalogueTable[]): CatalogueTable[] {
  const ordered = new Set<CatalogueTable>();
  const place = (table: CatalogueTable): void => {
    for (const needed of tables.filter(({ name }) => table.needs.includes(name))) place(needed);
    ordered.add(table);
  };
  for (const table of tables) place(table);
  return [...ordered];
}

/** Session settings that make every server write values as the same text, so that equal rows have equal hashes. */
const PLAIN_TEXT = `set timezone to 'UTC'; set datestyle to 'ISO'; set intervalstyle to 'postgres'; set bytea_output to 'hex'; set extra_float_digits to 1`;

/** Limits that a server may have for all. Copying a catalogue takes as long as it takes. */
const NO_LIMITS =
  'set statement_timeout to 0; set idle_session_timeout to 0; set idle_in_transaction_session_timeout to 0';

/** On this connection, equal rows are equal texts. */
export async function connectPlainly(url: string, applicationName: string): Promise<Client> {
  const client = new SteadyClient({ connectionString: url, application_name: applicationName });
  await client.connect();
  await client.query(`${PLAIN_TEXT}; ${NO_LIMITS}`);
  return client;
}

export interface CatalogueSnapshot {
  readonly at: Date;
  readonly postgres: string;
  readonly migrations: readonly string[];
}

/** Begins a transaction that reads one moment of the catalogue. It locks nothing that other commands need. */
export async function beginSnapshot(client: Client): Promise<CatalogueSnapshot> {
  await client.query('begin isolation level repeatable read, read only');
  const { rows } = await client.query<CatalogueSnapshot>(
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

export async function insertRows(
  client: Client,
  { name, columns }: CatalogueTable,
  texts: AsyncIterable<Buffer>,
): Promise<void> {
  await pipeline(Readable.from(texts), client.query(copyFrom(`copy ${name} (${columns.join(', ')}) from stdin`)));
}

/** The last number that the server has assigned, or is about to assign. */
export interface TableNumbers {
  readonly lastValue: number;
  /** True if `lastValue` has been assigned, false if it is the next one. */
  readonly isCalled: boolean;
}

/** Null if the table has no column that the server numbers. */
export async function numbersOf(client: Client, { sequence }: CatalogueTable): Promise<TableNumbers | null> {
  if (sequence === null) return null;
  const { rows } = await client.query<{ last_value: string; is_called: boolean }>(
    `select last_value, is_called from ${sequence}`,
  );
  const [value] = rows;
  return value === undefined ? null : { lastValue: Number(value.last_value), isCalled: value.is_called };
}

export async function setNumbers(
  client: Client,
  { sequence }: CatalogueTable,
  numbers: TableNumbers | null,
): Promise<void> {
  if (sequence === null || numbers === null) return;
  await client.query('select setval($1, $2, $3)', [sequence, numbers.lastValue, numbers.isCalled]);
}

/** Refills tables in one transaction, without triggers: the counts that triggers keep are among the rows. */
export async function refillTables(
  client: Client,
  tables: readonly CatalogueTable[],
  fill: () => Promise<void>,
): Promise<void> {
  const names = tables.map(({ name }) => name);
  await client.query('begin');
  for (const name of names) await client.query(`alter table ${name} disable trigger user`);
  // Cascade: the unlogged tables, which are not copied, refer to them.
  await client.query(`truncate ${names.join(', ')} cascade`);
  await fill();
  for (const name of names) await client.query(`alter table ${name} enable trigger user`);
  await client.query('commit');
  for (const name of names) await client.query(`analyze ${name}`);
}
