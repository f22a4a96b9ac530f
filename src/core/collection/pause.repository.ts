import { sql, type Kysely, type RawBuilder } from 'kysely';
import { collectionForgotten } from './collection.repository.ts';
import type { Database } from '../platform/postgres/database.ts';
import { PAUSABLE_STAGES, type PausableStage, type Pause, type PauseNote, type StagePlace } from './pause.ts';

/** Every process reads the pauses at least this often. */
const PAUSE_HEARD_WITHIN_MS = 3_000;
/** A process that has not reported for this long has ended or has no work. */
const STALE_AFTER_MS = 10_000;

const IN_ORDER = sql`array_position(${[...PAUSABLE_STAGES]}::text[], stage), collection.name nulls first`;

/** If `collectionId` is null, the stages of every collection. */
export interface PauseScope {
  readonly stages: readonly PausableStage[];
  readonly collectionId: number | null;
}

/** A stage that is paused already keeps its time and its author. @throws StopTheRun `collection-forgotten` */
export async function pauseStages(
  db: Kysely<Database>,
  { stages, collectionId, by, endWorkers }: PauseScope & { readonly by: string; readonly endWorkers: boolean },
): Promise<void> {
  if (stages.length === 0) return;
  const { numAffectedRows } = await sql`
    with held as materialized (select id from collection where id = ${collectionId}::integer for key share)
    insert into pause (stage, collection_id, paused_by, end_workers_at)
    select stage, ${collectionId}::integer, ${by}::text, case when ${endWorkers}::boolean then clock_timestamp() end
    from unnest(${[...stages]}::text[]) as stage
    where ${collectionId}::integer is null or exists (select from held)
    on conflict (stage, coalesce(collection_id, 0)) do update
    set end_workers_at = coalesce(excluded.end_workers_at, pause.end_workers_at)`.execute(db);
  if (numAffectedRows === 0n) throw collectionForgotten('its stages are paused');
}

export async function endPauses(
  db: Kysely<Database>,
  { stages, collectionId }: PauseScope,
): Promise<readonly PausableStage[]> {
  const { rows } = await sql<{ stage: PausableStage }>`
    delete from pause where stage = any (${[...stages]}::text[]) and coalesce(collection_id, 0) = ${collectionId ?? 0}::integer
    returning stage`.execute(db);
  return rows.map(({ stage }) => stage);
}

/** Reads the pauses that apply to a collection: its own, and those of every collection. If null, reads all pauses. */
export async function readPauses(db: Kysely<Database>, collectionId: number | null): Promise<readonly Pause[]> {
  const { rows } = await sql<Pause>`
    select stage, collection.name as collection, paused_by as "by", since, end_workers_at is not null as "endsWorkers",
      in_flight as "inHand", in_flight = 0 and not ${isWithin(sql.ref('since'), PAUSE_HEARD_WITHIN_MS)} as "isDrained"
    from pause left join collection on collection.id = pause.collection_id, lateral (
      select coalesce(sum(jobs), 0) as in_flight from running_jobs
      where running_jobs.stage = pause.stage and ${isWithin(sql.ref('seen_at'), STALE_AFTER_MS)}
        and running_jobs.collection_id = coalesce(pause.collection_id, ${collectionId}::integer, running_jobs.collection_id)
    ) as in_flight_jobs
    where ${collectionId}::integer is null or pause.collection_id is null or pause.collection_id = ${collectionId}::integer
    order by ${IN_ORDER}`.execute(db);
  return rows;
}

export interface PauseOrder extends PauseNote {
  readonly collectionId: number | null;
  /** When the pause ordered long-running workers to end. Null if it did not. */
  readonly endWorkersAt: Date | null;
}

export async function pauseOrders(db: Kysely<Database>): Promise<readonly PauseOrder[]> {
  const { rows } = await sql<PauseOrder>`
    select stage, collection_id as "collectionId", collection.name as collection, paused_by as "by", since,
      end_workers_at as "endWorkersAt"
    from pause left join collection on collection.id = pause.collection_id order by ${IN_ORDER}`.execute(db);
  return rows;
}

/** Reports how many jobs of each stage this process runs. A stage that is left out has none. */
export async function reportInFlight(
  db: Kysely<Database>,
  process: string,
  inHand: readonly (StagePlace & { readonly jobs: number })[],
): Promise<void> {
  const busy = JSON.stringify(inHand.filter(({ jobs }) => jobs > 0));
  await sql`
    with busy as (
      select * from jsonb_to_recordset(${busy}::jsonb) as busy (stage text, "collectionId" integer, jobs integer)
    ), gone as (
      delete from running_jobs where process = ${process}::uuid
        and not exists (select from busy where busy.stage = running_jobs.stage and "collectionId" = collection_id)
    )
    insert into running_jobs (process, stage, collection_id, jobs) select ${process}::uuid, stage, "collectionId", jobs from busy
    on conflict (process, stage, collection_id) do update set jobs = excluded.jobs, seen_at = excluded.seen_at`.execute(
    db,
  );
}

/** Deletes reports of processes that were killed. Each process calls it once, so that the table does not grow. */
export async function forgetOldReports(db: Kysely<Database>): Promise<void> {
  await sql`delete from running_jobs where not ${isWithin(sql.ref('seen_at'), STALE_AFTER_MS)}`.execute(db);
}

/** The number of jobs that processes run for each stage of a collection. */
export async function runningJobs(
  db: Kysely<Database>,
  collectionId: number,
): Promise<Readonly<Record<PausableStage, number>>> {
  const { rows } = await sql<{ stage: PausableStage; jobs: number }>`
    select stage, sum(jobs) as jobs from running_jobs
    where collection_id = ${collectionId} and ${isWithin(sql.ref('seen_at'), STALE_AFTER_MS)} group by stage`.execute(
    db,
  );
  return { discover: 0, fetch: 0, filter: 0, ...Object.fromEntries(rows.map(({ stage, jobs }) => [stage, jobs])) };
}

/** SQL: a time is within the last `forMs` milliseconds. A time in the future does not count: the clock was set back. */
function isWithin(time: RawBuilder<unknown>, forMs: number): RawBuilder<boolean> {
  return sql`${time} between clock_timestamp() - ${forMs}::double precision * interval '1 millisecond' and clock_timestamp()`;
}
