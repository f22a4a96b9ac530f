import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import { codeOf, StopTheRun } from '../../../kernel/errors.ts';
import type { Sha256, Wnid } from '../../../kernel/ids.ts';
import type { Database } from '../../../platform/postgres/database.ts';
import { isSameDump, type DumpVersions } from './rows.ts';

export interface ClassPlan {
  readonly wnid: Wnid;
  readonly titles: readonly string[];
  /** About names that do not resolve. The other names are used. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

export interface OpenDataWalk {
  readonly id: number;
  readonly collection: string;
}

/** The file that is being read. `done`: none. */
export type WalkStage = 'observations' | 'observers' | 'photos' | 'done';

export interface WalkProgress {
  readonly stage: WalkStage;
  /** Finished rows of the stage's file. */
  readonly rowCount: number;
  readonly admitted: Readonly<Record<string, number>>;
}

export interface WalkState extends OpenDataWalk, WalkProgress {
  /** The plan of each class. Empty before planning. */
  readonly plans: readonly ClassPlan[];
}

export interface WalkInputs {
  readonly collection: string;
  /** A hash of everything except the dump that decides which photos are found. */
  readonly inputsSha256: Sha256;
}

/** Returns the dump's version when the last walk with these inputs began. Empty if there was none. */
export async function lastDump(db: Kysely<Database>, { collection, inputsSha256 }: WalkInputs): Promise<DumpVersions> {
  const { rows } = await sql<{ dump: DumpVersions }>`
    select dump from open_data_walk where collection = ${collection} and inputs_sha256 = ${hexBytes(inputsSha256)}
    order by id desc limit 1`.execute(db);
  return rows[0]?.dump ?? {};
}

/**
 * Takes over an interrupted walk by renaming its tables. A process that still runs it ends with StopTheRun. An unfinished walk
 * over another dump or for other classes ends in the same way: its tables are dropped.
 */
export function openWalk(db: Kysely<Database>, inputs: WalkInputs, dump: DumpVersions): Promise<WalkState> {
  return db.transaction().execute(async (trx) => {
    // The lock lets one process open a walk at a time. Two at once could drop each other's unfinished tables.
    await sql`lock table open_data_walk in share row exclusive mode`.execute(trx);
    const { rows } = await sql<WalkState & { readonly inputs: string | null; readonly dump: DumpVersions }>`
      select id, collection, encode(inputs_sha256, 'hex') as inputs, dump, stage, row_count as "rowCount", admitted, plans
      from open_data_walk where collection = ${inputs.collection} order by id desc`.execute(trx);
    const known = rows.filter((row) => row.inputs === inputs.inputsSha256 && isSameDump(row.dump, dump));
    const done = known.find((row) => row.stage === 'done');
    if (done !== undefined) return done;
    const interrupted = known.find((row) => row.stage !== 'done');
    const resumed = interrupted === undefined ? null : await takeOver(trx, interrupted, dump);
    const others = rows.filter((row) => row.stage !== 'done' && (resumed === null || row !== interrupted));
    for (const other of others) await forget(trx, other);
    await sql`
      delete from open_data_walk where stage = 'done' and collection = ${inputs.collection}
        and inputs_sha256 = ${hexBytes(inputs.inputsSha256)}`.execute(trx);
    return resumed ?? beginWalk(trx, inputs, dump);
  });
}

async function beginWalk(trx: Transaction<Database>, inputs: WalkInputs, dump: DumpVersions): Promise<WalkState> {
  const { collection, inputsSha256 } = inputs;
  const { id } = await trx
    .insertInto('open_data_walk')
    .values({ collection, inputs_sha256: hexBytes(inputsSha256), dump: JSON.stringify(dump) })
    .returning('id')
    .executeTakeFirstOrThrow();
  const walk: WalkState = { id, collection, stage: 'observations', rowCount: 0, admitted: {}, plans: [] };
  await createTables(trx, walk);
  return walk;
}

/** Returns null if the tables have lost their rows. */
async function takeOver(trx: Transaction<Database>, state: WalkState, dump: DumpVersions): Promise<WalkState | null> {
  if (!(await isWhole(trx, state))) return null;
  const { rows } = await sql<{ id: number }>`
    update open_data_walk set id = default, dump = ${JSON.stringify(dump)}::jsonb where id = ${state.id} returning id`.execute(
    trx,
  );
  const walk = { ...state, ...rows[0] };
  for (const kind of KINDS) {
    await sql`alter table ${tableOf(kind, state)} rename to ${sql.id(tableName(kind, walk))}`.execute(trx);
  }
  // A walk that winnow 0.13 or older began has no such column.
  await sql`alter table ${tableOf('observation', walk)} add column if not exists taken_at date`.execute(trx);
  // These photos may not have been stored, so they must be found again.
  const storedRows = state.stage === 'photos' ? state.rowCount : 0;
  await sql`delete from ${tableOf('photo', walk)} where row_number > ${storedRows}`.execute(trx);
  return walk;
}

async function isWhole(trx: Transaction<Database>, walk: OpenDataWalk): Promise<boolean> {
  const names = KINDS.map((kind) => tableName(kind, walk));
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from unnest(${names}::text[]) as name where to_regclass(name) is not null`.execute(trx);
  return rows[0]?.count === names.length && (await hasSentinel(trx, walk));
}

/** Records the walk's progress. If its results go into its own tables, call it in the same transaction. */
export async function advanceWalk(
  db: Kysely<Database>,
  walk: OpenDataWalk,
  { stage, rowCount, admitted }: WalkProgress,
): Promise<void> {
  const result = await sql`
    update open_data_walk set stage = ${stage}, row_count = ${rowCount}, admitted = ${JSON.stringify(admitted)}::jsonb,
      updated_at = now()
    where id = ${walk.id}`.execute(db);
  if (Number(result.numAffectedRows ?? 0) === 0) throw overtaken(walk);
}

export async function describeWalk(
  db: Kysely<Database>,
  walk: OpenDataWalk,
  plans: readonly ClassPlan[],
): Promise<void> {
  await db
    .updateTable('open_data_walk')
    .set({ plans: JSON.stringify(plans) })
    .where('id', '=', walk.id)
    .execute();
}

/** Ends a finished walk: drops its tables and keeps the version of its dump. */
export function finishWalk(db: Kysely<Database>, walk: OpenDataWalk): Promise<void> {
  return db.transaction().execute(async (trx) => {
    await trx.updateTable('open_data_walk').set({ stage: 'done' }).where('id', '=', walk.id).execute();
    await dropTables(trx, walk);
  });
}

/** Ends a walk that cannot be resumed. Does nothing if another walk has already ended it. */
export function forgetWalk(db: Kysely<Database>, walk: OpenDataWalk): Promise<void> {
  return db.transaction().execute((trx) => forget(trx, walk));
}

/** Forgets all walks of a collection, so that another collection of its name walks the dump again. */
export async function forgetWalks(trx: Transaction<Database>, collection: string): Promise<void> {
  const walks = await trx
    .selectFrom('open_data_walk')
    .select(['id', 'collection'])
    .where('collection', '=', collection)
    .execute();
  for (const walk of walks) await forget(trx, walk);
}

async function forget(trx: Transaction<Database>, walk: OpenDataWalk): Promise<void> {
  await trx.deleteFrom('open_data_walk').where('id', '=', walk.id).execute();
  await dropTables(trx, walk);
}

/** No observation has this UUID. Its row shows that the tables still have their contents. */
const SENTINEL = '00000000-0000-0000-0000-000000000000';

/** Returns false after a crash of the server, which empties unlogged tables without notice. */
export async function hasSentinel(db: Kysely<Database>, walk: OpenDataWalk): Promise<boolean> {
  const query = sql`select from ${tableOf('observation', walk)} where observation_uuid = ${SENTINEL}::uuid limit 1`;
  return (await ownTables(db, walk, query)).length === 1;
}

async function createTables(trx: Transaction<Database>, walk: OpenDataWalk): Promise<void> {
  await sql`
    create unlogged table ${tableOf('observation', walk)} (
      observation_uuid uuid not null, observer_id bigint, class_number integer not null, taken_at date)`.execute(trx);
  await sql`insert into ${tableOf('observation', walk)} values (${SENTINEL}::uuid, null, -1)`.execute(trx);
  await sql`
    create unlogged table ${tableOf('observer', walk)} (observer_id bigint primary key, credit text not null)`.execute(
    trx,
  );
  await sql`
    create unlogged table ${tableOf('photo', walk)} (
      photo_id bigint not null, class_number integer not null, row_number bigint not null,
      primary key (photo_id, class_number))`.execute(trx);
}

async function dropTables(trx: Transaction<Database>, walk: OpenDataWalk): Promise<void> {
  await sql`
    drop table if exists ${tableOf('observation', walk)}, ${tableOf('observer', walk)}, ${tableOf('photo', walk)}`.execute(
    trx,
  );
}

const UNDEFINED_TABLE = '42P01';

export async function ownTables<Row>(
  db: Kysely<Database>,
  walk: OpenDataWalk,
  query: RawBuilder<Row>,
): Promise<readonly Row[]> {
  return whileOwned(walk, async () => (await query.execute(db)).rows);
}

/** @throws StopTheRun if the walk's tables are gone */
export async function whileOwned<Result>(walk: OpenDataWalk, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw codeOf(error) === UNDEFINED_TABLE ? overtaken(walk, error) : error;
  }
}

function overtaken({ collection }: OpenDataWalk, cause?: unknown): StopTheRun {
  return new StopTheRun(
    `Expected the tables of the walk over iNaturalist's open data for '${collection}' but another walk for the ` +
      'same collection has taken over',
    { code: 'open-data-overtaken', cause },
  );
}

/** The tables of a walk. `photo`: yielded photos by class, each with the row of the file that had been read by then. */
const KINDS = ['observation', 'observer', 'photo'] as const;
type Kind = (typeof KINDS)[number];

function tableName(kind: Kind, { id }: OpenDataWalk): string {
  return `open_data_${kind}_${id}`;
}

export function tableOf(kind: Kind, walk: OpenDataWalk): RawBuilder<unknown> {
  return sql.table(tableName(kind, walk));
}

function hexBytes(sha256: Sha256): Buffer {
  return Buffer.from(sha256, 'hex');
}
