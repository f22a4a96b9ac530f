import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import { codeOf, StopTheRun } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { ClassPlan } from './class-plan.ts';
import { isSameDump, type DumpVersions } from './dump-version.ts';

/** A walk over the dump, with tables of its own. */
export interface OpenDataWalk {
  readonly id: number;
  readonly collection: string;
}

/** The file that is being read. `done`: none. */
export type WalkStage = 'observations' | 'observers' | 'photos' | 'done';

/** How far a walk has come. */
export interface WalkProgress {
  readonly stage: WalkStage;
  /** Finished rows of the stage's file. */
  readonly rowCount: number;
  /** Admitted candidates by class. */
  readonly admitted: Readonly<Record<string, number>>;
}

export interface WalkState extends WalkProgress {
  readonly walk: OpenDataWalk;
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

interface WalkRow extends WalkProgress {
  readonly id: number;
  readonly inputs: string | null;
  readonly dump: DumpVersions;
  readonly plans: readonly ClassPlan[];
}

/**
 * Opens the walk of a collection over a dump: the finished one, the interrupted one, or a new one. An interrupted walk is taken
 * over by renaming its tables. If another process still runs it, that process ends with StopTheRun. An unfinished walk over
 * another dump or for other classes ends in the same way: its tables are dropped.
 */
export function openWalk(db: Kysely<Database>, inputs: WalkInputs, dump: DumpVersions): Promise<WalkState> {
  return db.transaction().execute(async (trx) => {
    // The lock lets one process open a walk at a time. Two at once could drop each other's unfinished tables.
    await sql`lock table open_data_walk in share row exclusive mode`.execute(trx);
    const { rows } = await sql<WalkRow>`
      select id, encode(inputs_sha256, 'hex') as inputs, dump, stage, row_count as "rowCount", admitted, plans
      from open_data_walk where collection = ${inputs.collection} order by id desc`.execute(trx);
    const known = rows.filter((row) => row.inputs === inputs.inputsSha256 && isSameDump(row.dump, dump));
    const done = known.find((row) => row.stage === 'done');
    if (done !== undefined) return stateOf(done, inputs.collection);
    const interrupted = known.find((row) => row.stage !== 'done');
    const resumed =
      interrupted === undefined ? null : await takeOver(trx, stateOf(interrupted, inputs.collection), { inputs, dump });
    const others = rows.filter((row) => row.stage !== 'done' && (resumed === null || row.id !== interrupted?.id));
    for (const { id } of others) await forget(trx, { id, collection: inputs.collection });
    await sql`
      delete from open_data_walk where stage = 'done' and collection = ${inputs.collection}
        and inputs_sha256 = ${hexBytes(inputs.inputsSha256)}`.execute(trx);
    return resumed ?? beginWalk(trx, inputs, dump);
  });
}

function stateOf({ id, stage, rowCount, admitted, plans }: WalkRow, collection: string): WalkState {
  return { walk: { id, collection }, stage, rowCount, admitted, plans };
}

async function beginWalk(trx: Transaction<Database>, inputs: WalkInputs, dump: DumpVersions): Promise<WalkState> {
  const progress: WalkProgress = { stage: 'observations', rowCount: 0, admitted: {} };
  const state = { ...progress, plans: [] };
  const walk = await insertWalk(trx, { state, inputs, dump });
  await createTables(trx, walk);
  return { walk, ...state };
}

/** Returns null if the tables have lost their rows. */
async function takeOver(
  trx: Transaction<Database>,
  state: WalkState,
  { inputs, dump }: { inputs: WalkInputs; dump: DumpVersions },
): Promise<WalkState | null> {
  if (!(await isWhole(trx, state.walk))) return null;
  const walk = await insertWalk(trx, { state, inputs, dump });
  for (const [i, table] of tablesOf(state.walk).entries()) {
    await sql`alter table ${sql.table(table)} rename to ${sql.id(tablesOf(walk)[i] ?? '')}`.execute(trx);
  }
  await trx.deleteFrom('open_data_walk').where('id', '=', state.walk.id).execute();
  // These photos may not have been stored, so they must be found again.
  await sql`delete from ${photoTable(walk)} where row_number > ${state.stage === 'photos' ? state.rowCount : 0}`.execute(
    trx,
  );
  return { ...state, walk };
}

async function isWhole(trx: Transaction<Database>, walk: OpenDataWalk): Promise<boolean> {
  const names = tablesOf(walk);
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from unnest(${names}::text[]) as name where to_regclass(name) is not null`.execute(trx);
  return rows[0]?.count === names.length && (await hasSentinel(trx, walk));
}

async function insertWalk(
  trx: Transaction<Database>,
  { state, inputs, dump }: { state: Omit<WalkState, 'walk'>; inputs: WalkInputs; dump: DumpVersions },
): Promise<OpenDataWalk> {
  return trx
    .insertInto('open_data_walk')
    .values({
      collection: inputs.collection,
      inputs_sha256: hexBytes(inputs.inputsSha256),
      dump: JSON.stringify(dump),
      stage: state.stage,
      row_count: state.rowCount,
      admitted: JSON.stringify(state.admitted),
      plans: JSON.stringify(state.plans),
    })
    .returning(['id', 'collection'])
    .executeTakeFirstOrThrow();
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

/** Stores the plans of the walk's classes, which are reported again when it resumes. */
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

async function forget(trx: Transaction<Database>, walk: OpenDataWalk): Promise<void> {
  await trx.deleteFrom('open_data_walk').where('id', '=', walk.id).execute();
  await dropTables(trx, walk);
}

/** No observation has this UUID. Its row shows that the tables still have their contents. */
const SENTINEL = '00000000-0000-0000-0000-000000000000';

/** Returns false after a crash of the server, which empties unlogged tables without notice. */
export async function hasSentinel(db: Kysely<Database>, walk: OpenDataWalk): Promise<boolean> {
  const { rows } = await sql`
    select from ${observationTable(walk)} where observation_uuid = ${SENTINEL}::uuid limit 1`.execute(db);
  return rows.length === 1;
}

async function createTables(trx: Transaction<Database>, walk: OpenDataWalk): Promise<void> {
  await sql`
    create unlogged table ${observationTable(walk)} (
      observation_uuid uuid not null, observer_id bigint, class_number integer not null)`.execute(trx);
  await sql`insert into ${observationTable(walk)} values (${SENTINEL}::uuid, null, -1)`.execute(trx);
  await sql`
    create unlogged table ${observerTable(walk)} (observer_id bigint primary key, credit text not null)`.execute(trx);
  await sql`
    create unlogged table ${photoTable(walk)} (
      photo_id bigint not null, class_number integer not null, row_number bigint not null,
      primary key (photo_id, class_number))`.execute(trx);
}

async function dropTables(trx: Transaction<Database>, walk: OpenDataWalk): Promise<void> {
  await sql`
    drop table if exists ${observationTable(walk)}, ${observerTable(walk)}, ${photoTable(walk)}`.execute(trx);
}

const UNDEFINED_TABLE = '42P01';

/** Runs a query on the walk's tables. */
export async function ownTables<Result>(walk: OpenDataWalk, query: () => Promise<Result>): Promise<Result> {
  try {
    return await query();
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

function tablesOf({ id }: OpenDataWalk): readonly string[] {
  return [`open_data_observation_${id}`, `open_data_observer_${id}`, `open_data_photo_${id}`];
}

export function observationTable({ id }: OpenDataWalk): RawBuilder<unknown> {
  return sql.table(`open_data_observation_${id}`);
}

export function observerTable({ id }: OpenDataWalk): RawBuilder<unknown> {
  return sql.table(`open_data_observer_${id}`);
}

/** Yielded photos by class, each with the row of the file that had been read by then. */
export function photoTable({ id }: OpenDataWalk): RawBuilder<unknown> {
  return sql.table(`open_data_photo_${id}`);
}

function hexBytes(sha256: Sha256): Buffer {
  return Buffer.from(sha256, 'hex');
}
