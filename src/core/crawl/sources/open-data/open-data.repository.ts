import { sql, type Kysely } from 'kysely';
import { RetryLater } from '../../../kernel/errors.ts';
import type { Database } from '../../../platform/postgres/database.ts';
import { streamRows } from '../../../platform/postgres/query.ts';
import type { ObserverRow, DumpPhoto } from './rows.ts';
import { UuidScreen } from './uuid-screen.ts';
import { hasSentinel, ownTables, tableOf, whileOwned, type OpenDataWalk } from './walk.repository.ts';

export interface WantedObservation {
  readonly uuid: string;
  readonly observerId: number | null;
  readonly classNumber: number;
  /** The day, such as 2017-09-08. */
  readonly takenAt: string | null;
}

/** A photo that belongs to a wanted observation, for one class. */
export interface JoinedPhoto {
  /** The index in the given rows. */
  readonly position: number;
  readonly classNumber: number;
  readonly credit: string | null;
  readonly takenAt: string | null;
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
  const days = rows.map(({ takenAt }) => takenAt);
  const insert = sql`
    insert into ${tableOf('observation', walk)} (observation_uuid, observer_id, class_number, taken_at)
    select * from unnest(${arrayOf(uuids)}::uuid[], ${arrayOf(observers)}::bigint[], ${arrayOf(classes)}::integer[],
      ${arrayOf(days)}::date[])`;
  await ownTables(db, walk, insert);
}

export async function screenOf(db: Kysely<Database>, walk: OpenDataWalk): Promise<UuidScreen> {
  const screen = new UuidScreen();
  const rows = streamRows(
    db,
    sql<{ uuid: string }>`
      select observation_uuid::text as uuid from ${tableOf('observation', walk)} where class_number >= 0`,
  );
  await whileOwned(walk, async () => {
    for await (const { uuid } of rows) screen.add(uuid);
  });
  return screen;
}

/** Call it when all observations are stored. Creating an index once is faster than updating it with each row. */
export async function indexObservations(db: Kysely<Database>, walk: OpenDataWalk): Promise<void> {
  await ownTables(db, walk, sql`create index on ${tableOf('observation', walk)} (observation_uuid)`);
  await ownTables(db, walk, sql`analyze ${tableOf('observation', walk)}`);
  await requireWhole(db, walk);
}

/** Stores observers. If an observer is listed twice, the first name is kept. */
export async function addObservers(
  db: Kysely<Database>,
  walk: OpenDataWalk,
  rows: readonly ObserverRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const ids = rows.map(({ id }) => id);
  const credits = rows.map(({ credit }) => credit.replaceAll('\0', '\u{FFFD}'));
  const insert = sql`
    insert into ${tableOf('observer', walk)} (observer_id, credit)
    select * from unnest(${arrayOf(ids)}::bigint[], ${credits}::text[]) on conflict do nothing`;
  await ownTables(db, walk, insert);
}

/**
 * In the order of the rows. A photo of several observations is returned once for each class in the whole walk. `offset 0` and the
 * subquery make PostgreSQL look up each photo in the index, even if it considers the table small.
 */
export async function joinPhotos(
  db: Kysely<Database>,
  photos: readonly DumpPhoto[],
  { walk, classNumbers, rowNumber }: { walk: OpenDataWalk; classNumbers: readonly number[]; rowNumber: number },
): Promise<readonly JoinedPhoto[]> {
  const ids = arrayOf(photos.map(({ id }) => id));
  const uuids = arrayOf(photos.map(({ observationUuid }) => observationUuid));
  const observers = arrayOf(photos.map(({ observerId }) => observerId));
  const rows = await ownTables(
    db,
    walk,
    sql<JoinedPhoto>`
      with photo as (
        select * from unnest(${ids}::bigint[], ${uuids}::uuid[], ${observers}::bigint[]) with ordinality
          as p(photo_id, observation_uuid, owner_id, ordinal)
      ), wanted as (
        select distinct on (p.photo_id, o.class_number)
          p.photo_id, o.class_number, p.ordinal, coalesce(p.owner_id, o.observer_id) as owner_id,
          o.taken_at
        from photo p cross join lateral (
          select class_number, observer_id, taken_at from ${tableOf('observation', walk)}
          where observation_uuid = p.observation_uuid offset 0
        ) o
        where o.class_number = any(${arrayOf(classNumbers)}::integer[])
        order by p.photo_id, o.class_number, p.ordinal
      ), fresh as (
        insert into ${tableOf('photo', walk)} (photo_id, class_number, row_number)
        select photo_id, class_number, ${rowNumber} from wanted
        on conflict do nothing returning photo_id, class_number
      )
      select (w.ordinal - 1)::integer as position, class_number as "classNumber",
        (select credit from ${tableOf('observer', walk)} where observer_id = w.owner_id) as credit,
        to_char(w.taken_at, 'YYYY-MM-DD') as "takenAt"
      from wanted w join fresh using (photo_id, class_number)
      order by w.ordinal, class_number`,
  );
  await requireWhole(db, walk);
  return rows;
}

/** Throws if the tables were emptied, because photos would be lost without notice. */
async function requireWhole(db: Kysely<Database>, walk: OpenDataWalk): Promise<void> {
  if (await hasSentinel(db, walk)) return;
  throw new RetryLater(
    `Expected the observations of the walk over iNaturalist's open data for '${walk.collection}' to be in PostgreSQL ` +
      'but received none, as after a crash of the server; run the command again to restart the walk',
    { code: 'open-data-lost' },
  );
}

/** The text of an array, for values without commas, quotes and braces only. It is several times faster than the driver's. */
function arrayOf(values: readonly (string | number | null)[]): string {
  return `{${values.map((value) => value ?? 'null').join()}}`;
}
