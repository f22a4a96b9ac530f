import type { Client } from 'pg';
import { SteadyClient } from '../../platform/postgres/steady-client.ts';

/** A table of the catalogue as the server describes it. Names are quoted. */
export interface CatalogueTable {
  readonly name: string;
  /** All columns except generated ones, in order. */
  readonly columns: readonly string[];
  /** The columns that identify and order rows. */
  readonly key: readonly { readonly column: string; readonly type: string }[];
  /** The column whose numbers the server assigns. */
  readonly identity: string | null;
  /** The names of the tables that it refers to. */
  readonly needs: readonly string[];
}

/** Kysely's records of applied migrations. Each catalogue has its own. */
const NOT_DATA = ['kysely_migration', 'kysely_migration_lock'];

/**
 * The tables of a catalogue, each after the tables that it refers to. Unlogged tables are left out: their rows are
 * temporary and are made again when they are missing.
 */
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
      (select quote_ident(attname) from pg_attribute where attrelid = c.oid and attidentity <> '') as identity,
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

/** Opens a connection on which equal rows are equal texts. */
export async function connectPlainly(url: string, applicationName: string): Promise<Client> {
  const client = new SteadyClient({ connectionString: url, application_name: applicationName });
  await client.connect();
  await client.query(`${PLAIN_TEXT}; ${NO_LIMITS}`);
  return client;
}

/**
 * Reads the whole table: the number of rows, and a sum that does not depend on their order, over the first eight bytes of each row's
 * SHA-256.
 */
export async function sumOf(client: Client, { name, columns }: CatalogueTable): Promise<{ rows: number; sum: string }> {
  const { rows } = await client.query<{ rows: string; sum: string }>(
    `select count(*) as rows, coalesce(sum(('x' || encode(substr(sha256(convert_to(row(${columns.join(', ')})::text, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint::numeric), 0)::text as sum from ${name}`,
  );
  return { rows: Number(rows[0]?.rows ?? 0), sum: rows[0]?.sum ?? '' };
}

/** Where the server's numbering of a table stands. */
export interface TableNumbers {
  readonly lastValue: number;
  /** Whether the last value has been assigned. */
  readonly isCalled: boolean;
}

/** Null if the table has no column that the server numbers. */
export async function numbersOf(
  client: Client,
  { name, identity }: Pick<CatalogueTable, 'name' | 'identity'>,
): Promise<TableNumbers | null> {
  if (identity === null) return null;
  const { rows } = await client.query<{ sequence: string }>(`select ${sequenceOf(name, identity)} as sequence`);
  const { rows: values } = await client.query<{ last_value: string; is_called: boolean }>(
    `select last_value, is_called from ${rows[0]?.sequence ?? ''}`,
  );
  const [value] = values;
  return value === undefined ? null : { lastValue: Number(value.last_value), isCalled: value.is_called };
}

/** Sets the numbering so that the next id is the one that another catalogue would have assigned. */
export async function setNumbers(
  client: Client,
  { name, identity }: Pick<CatalogueTable, 'name' | 'identity'>,
  numbers: TableNumbers | null,
): Promise<void> {
  if (identity === null || numbers === null) return;
  await client.query(`select setval(${sequenceOf(name, identity)}, $1, $2)`, [numbers.lastValue, numbers.isCalled]);
}

function sequenceOf(name: string, identity: string): string {
  return `pg_get_serial_sequence('${name}', '${identity}')`;
}
