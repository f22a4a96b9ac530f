import { UsageError } from '../../kernel/errors.ts';
import { MIGRATIONS } from './migrations/index.ts';

/** The schema that this winnow works with: the number of its last migration. */
export const KNOWN_SCHEMA = numberOf(Object.keys(MIGRATIONS).at(-1));

export interface SchemaState {
  /**
   * `empty`: no migration was applied. `unfinished`: empty or older, but a move or a restore has begun to fill it, and that alone may
   * change its schema. `foreign`: made by a version whose migrations were replaced since.
   */
  readonly kind: 'empty' | 'unfinished' | 'older' | 'current' | 'newer' | 'foreign';
  /** The number of the last migration; 0 without migrations. */
  readonly schema: number;
  /** The last migration that this winnow does not know, or null. */
  readonly unknown: string | null;
}

/** Runs a statement, on a client of pg or through Kysely. */
export type RunStatement = (statement: string) => Promise<{ readonly rows: readonly unknown[] }>;

/** The first migration of catalogues from before all migrations became one, and the last commit that reads them. */
const BEFORE_SQUASH = { migration: '0001-catalogue', commit: '4fc57e5' };

export async function readSchema(run: RunStatement): Promise<SchemaState> {
  const rows = await rowsIn(run, 'kysely_migration', 'select name from kysely_migration order by name');
  const state = schemaOf(rows.map((row) => String(Reflect.get(Object(row), 'name'))));
  if (state.kind !== 'empty' && state.kind !== 'older') return state;
  const unfinished = await rowsIn(run, 'winnow_move.state', 'select from winnow_move.state where finished_at is null');
  return unfinished.length === 0 ? state : { ...state, kind: 'unfinished' };
}

/** The rows of a table that may not exist. A statement that fails would cost a pool its connection. */
async function rowsIn(run: RunStatement, table: string, statement: string): Promise<readonly unknown[]> {
  const { rows: found } = await run(`select where to_regclass('${table}') is not null`);
  return found.length === 0 ? [] : (await run(statement)).rows;
}

/** @param applied the names of the applied migrations, in order */
function schemaOf(applied: readonly string[]): SchemaState {
  const unknown = applied.findLast((name) => MIGRATIONS[name] === undefined) ?? null;
  const schema = numberOf(applied.at(-1));
  if (applied.includes(BEFORE_SQUASH.migration)) return { kind: 'foreign', schema, unknown };
  if (unknown !== null) return { kind: 'newer', schema, unknown };
  const kind = applied.length === 0 ? 'empty' : applied.length < Object.keys(MIGRATIONS).length ? 'older' : 'current';
  return { kind, schema, unknown };
}

function numberOf(migration = '0'): number {
  return Number.parseInt(migration, 10) || 0;
}

/** @throws UsageError `schema-newer`, `schema-foreign` for a catalogue that this winnow cannot bring up to date */
export function refuseUnknownSchema({ kind, schema, unknown }: SchemaState): void {
  if (kind === 'newer')
    throw new UsageError(
      `The catalogue was made by a newer winnow: it has schema ${schema} ('${unknown}'), and this winnow knows ${KNOWN_SCHEMA}. Nothing was changed. Use that version here, or another data folder (--data DIR) or database.`,
      { code: 'schema-newer' },
    );
  if (kind === 'foreign')
    throw new UsageError(
      `The catalogue was made by an older development version of winnow: this version does not know its migration '${unknown}'. Nothing was changed. Use a new data folder (--data DIR) or database, or use the commit ${BEFORE_SQUASH.commit}, the last one that reads it.`,
      { code: 'schema-foreign' },
    );
}

/** @throws UsageError `schema-older`, and as `refuseUnknownSchema` */
export function requireCurrentSchema(state: SchemaState): void {
  refuseUnknownSchema(state);
  if (state.kind !== 'older') return;
  throw new UsageError(
    `The catalogue has schema ${state.schema}, and this winnow needs ${KNOWN_SCHEMA}. Nothing was changed. Make a backup of the database, end the winnow processes of every machine that use it, and run \`winnow migrate\`. Until then use the winnow that made it.`,
    { code: 'schema-older' },
  );
}
