import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import { codeOf, RetryLater, StopTheRun } from '../../kernel/errors.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { ObserverRow, PhotoRow } from './rows.ts';

/** A walk over the dump, with tables of its own. */
export interface OpenDataWalk {
  readonly id: number;
  readonly collection: string;
}

/** An observation that a class wants. */
export interface WantedObservation {
  readonly uuid: string;
  readonly observerId: number | null;
  readonly classNumber: number;
}

/** A photo that belongs to a wanted observation, for one class. */
export interface JoinedPhoto {
  /** In the rows that were asked about. */
  readonly position: number;
  readonly classNumber: number;
  readonly credit: string | null;
}

/**
 * Begins a walk for a collection. A walk of the same collection that is still on record was killed, or is about to be
 * overtaken: its tables are dropped, and if it is alive after all it ends with StopTheRun.
 */
export function beginWalk(db: Kysely<Database>, collection: string): Promise<OpenDataWalk> {
  return db.transaction().execute(async (trx) => {
    // One at a time: two that begin at once must not drop each other's half-made tables.
    await sql`lock table open_data_walk in share row exclusive mode`.execute(trx);
    const earlier = await trx
      .deleteFrom('open_data_walk')
      .where('collection', '=', collection)
      .returning(['id', 'collection'])
      .execute();
    for (const walk of earlier) await dropTables(trx, walk);
    const walk = await trx
      .insertInto('open_data_walk')
      .values({ collection })
      .returning(['id', 'collection'])
      .executeTakeFirstOrThrow();
    await createTables(trx, walk);
    return walk;
  });
}

/** Ends a walk and drops its tables. Nothing happens if another walk has done so. */
export function endWalk(db: Kysely<Database>, walk: OpenDataWalk): Promise<void> {
  return db.transaction().execute(async (trx) => {
    await trx.deleteFrom('open_data_walk').where('id', '=', walk.id).execute();
    await dropTables(trx, walk);
  });
}

export async function addObservations(
  db: Kysely<Database>,
  walk: OpenDataWalk,
  rows: readonly WantedObservation[],
): Promise<void> {
  if (rows.length === 0) return;
  const uuids = rows.map(({ uuid }) => uuid);
  const observers = rows.map(({ observerId }) => observerId);
  const classes = rows.map(({ classNumber }) => classNumber);
  await ownTables(walk, () =>
    sql`
      insert into ${observationTable(walk)} (observation_uuid, observer_id, class_number)
      select * from unnest(${arrayOf(uuids)}::uuid[], ${arrayOf(observers)}::bigint[], ${arrayOf(classes)}::integer[])`.execute(
      db,
    ),
  );
}

/** To be called once all observations are in: an index is made faster than it is kept. */
export async function indexObservations(db: Kysely<Database>, walk: OpenDataWalk): Promise<void> {
  await ownTables(walk, async () => {
    await sql`create index on ${observationTable(walk)} (observation_uuid)`.execute(db);
    await sql`analyze ${observationTable(walk)}`.execute(db);
  });
  await requireWhole(db, walk);
}

/** An observer that is listed twice keeps the first name. */
export async function addObservers(
  db: Kysely<Database>,
  walk: OpenDataWalk,
  rows: readonly ObserverRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const ids = rows.map(({ id }) => id);
  const credits = rows.map(({ credit }) => credit.replaceAll('\0', '\u{FFFD}'));
  await ownTables(walk, () =>
    sql`
      insert into ${observerTable(walk)} (observer_id, credit)
      select * from unnest(${arrayOf(ids)}::bigint[], ${credits}::text[]) on conflict do nothing`.execute(db),
  );
}

export interface JoinOptions {
  readonly walk: OpenDataWalk;
  /** Numbers of the classes that still want photos. */
  readonly classNumbers: readonly number[];
}

/**
 * Which of these photos belong to wanted observations, and for which classes, in the order of the rows. A photo that
 * stands under several observations comes once for each class, in the whole walk.
 *
 * `offset 0` and the subquery make PostgreSQL look each photo up by the index: left free, it reads the whole table for
 * every batch as soon as it takes one for small.
 */
export async function joinPhotos(
  db: Kysely<Database>,
  photos: readonly PhotoRow[],
  { walk, classNumbers }: JoinOptions,
): Promise<readonly JoinedPhoto[]> {
  const ids = arrayOf(photos.map(({ id }) => id));
  const uuids = arrayOf(photos.map(({ observationUuid }) => observationUuid));
  const observers = arrayOf(photos.map(({ observerId }) => observerId));
  const { rows } = await ownTables(walk, () =>
    sql<JoinedPhoto>`
      with photo as (
        select * from unnest(${ids}::bigint[], ${uuids}::uuid[], ${observers}::bigint[]) with ordinality
          as p(photo_id, observation_uuid, owner_id, ordinal)
      ), wanted as (
        select distinct on (p.photo_id, o.class_number)
          p.photo_id, o.class_number, p.ordinal, coalesce(p.owner_id, o.observer_id) as owner_id
        from photo p cross join lateral (
          select class_number, observer_id from ${observationTable(walk)} where observation_uuid = p.observation_uuid offset 0
        ) o
        where o.class_number = any(${arrayOf(classNumbers)}::integer[])
        order by p.photo_id, o.class_number, p.ordinal
      ), fresh as (
        insert into ${photoTable(walk)} (photo_id, class_number) select photo_id, class_number from wanted
        on conflict do nothing returning photo_id, class_number
      )
      select (w.ordinal - 1)::integer as position, class_number as "classNumber",
        (select credit from ${observerTable(walk)} where observer_id = w.owner_id) as credit
      from wanted w join fresh using (photo_id, class_number)
      order by w.ordinal, class_number`.execute(db),
  );
  await requireWhole(db, walk);
  return rows;
}

/** What no observation has; it tells whether the tables still hold what was put into them. */
const SENTINEL = '00000000-0000-0000-0000-000000000000';

/** After a crash of the server its unlogged tables are empty, without a word: photos would be lost in silence. */
async function requireWhole(db: Kysely<Database>, walk: OpenDataWalk): Promise<void> {
  const { rows } = await ownTables(walk, () =>
    sql`select from ${observationTable(walk)} where observation_uuid = ${SENTINEL}::uuid limit 1`.execute(db),
  );
  if (rows.length === 1) return;
  throw new RetryLater(
    `Expected the observations of the walk over iNaturalist's open data for '${walk.collection}' to be in PostgreSQL ` +
      'but received none, as after a crash of the server; the walk has to start again',
    { code: 'open-data-lost' },
  );
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
      photo_id bigint not null, class_number integer not null, primary key (photo_id, class_number))`.execute(trx);
}

async function dropTables(trx: Transaction<Database>, walk: OpenDataWalk): Promise<void> {
  await sql`
    drop table if exists ${observationTable(walk)}, ${observerTable(walk)}, ${photoTable(walk)}`.execute(trx);
}

const UNDEFINED_TABLE = '42P01';

async function ownTables<Result>(walk: OpenDataWalk, query: () => Promise<Result>): Promise<Result> {
  try {
    return await query();
  } catch (error) {
    if (codeOf(error) !== UNDEFINED_TABLE) throw error;
    throw new StopTheRun(
      `Expected the tables of the walk over iNaturalist's open data for '${walk.collection}' but another walk for the ` +
        'same collection has taken over',
      { code: 'open-data-overtaken', cause: error },
    );
  }
}

function observationTable({ id }: OpenDataWalk): RawBuilder<unknown> {
  return sql.table(`open_data_observation_${id}`);
}

function observerTable({ id }: OpenDataWalk): RawBuilder<unknown> {
  return sql.table(`open_data_observer_${id}`);
}

/** Photos that were yielded, by class. */
function photoTable({ id }: OpenDataWalk): RawBuilder<unknown> {
  return sql.table(`open_data_photo_${id}`);
}

/** An array's text; only for values without commas, quotes and braces, where it is several times faster than the driver's. */
function arrayOf(values: readonly (string | number | null)[]): string {
  return `{${values.map((value) => value ?? 'null').join()}}`;
}
