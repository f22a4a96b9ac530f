import { sql, type Kysely } from 'kysely';
import type { PausableStage } from '../../collection/pause.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { equalsIfGiven } from '../../platform/postgres/query.ts';

export const JOB_STATES = ['finished', 'failed'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** How many jobs of each stage are kept. Failed ones matter longer. */
const KEPT: Readonly<Record<JobState, number>> = { finished: 200, failed: 1_000 };

export interface JobToRecord {
  /** ISO 8601. */
  readonly at: string;
  readonly collectionId: number;
  readonly stage: PausableStage;
  readonly state: JobState;
  readonly source: string | null;
  /** The query of a discovery job, from which its class is read. */
  readonly queryId: number | null;
  readonly host: string | null;
  readonly page: number | null;
  readonly photos: number;
  readonly seconds: number;
  readonly reason: string | null;
  readonly worker: string;
}

export interface RecordedJob extends Omit<JobToRecord, 'at' | 'collectionId' | 'queryId'> {
  readonly id: number;
  readonly at: Date;
  readonly collection: string;
  /** The class of a discovery job; a partition and a page have photos of many classes. */
  readonly wnid: string | null;
}

/** Adds jobs. Jobs of a collection that was forgotten are left out. */
export async function addJobs(db: Kysely<Database>, jobs: readonly JobToRecord[]): Promise<void> {
  await sql`
    insert into job_history (at, collection_id, stage, state, source, wnid, host, page, photos, seconds, reason, worker)
    select j.at, j."collectionId", j.stage, j.state, j.source, q.wnid, j.host, j.page, j.photos, j.seconds, j.reason, j.worker
    from jsonb_to_recordset(${JSON.stringify(jobs)}::jsonb) as j (at timestamptz, "collectionId" integer, stage text,
      state text, source text, "queryId" bigint, host text, page integer, photos integer, seconds real, reason text, worker text)
    join collection c on c.id = j."collectionId" left join query q on q.id = j."queryId"
    order by j.at`.execute(db);
}

/** Deletes the jobs above the limit of each stage. Skips those that another process deletes at the same time. */
export async function pruneJobs(db: Kysely<Database>): Promise<void> {
  await sql`
    delete from job_history where id in (
      select id from job_history where id in (
        select id from (
          select id, state, row_number() over (partition by stage, state order by id desc) as place from job_history
        ) as placed
        where place > case state when 'failed' then ${KEPT.failed}::integer else ${KEPT.finished}::integer end
      ) for update skip locked
    )`.execute(db);
}

export interface JobFilter {
  readonly collection?: string | undefined;
  readonly stage?: PausableStage | undefined;
  readonly state?: JobState | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listJobs(db: Kysely<Database>, filter: JobFilter): Promise<RecordedJob[]> {
  const { collection, stage, state, limit } = filter;
  const { rows } = await sql<RecordedJob>`
    select j.id, j.at, c.name as collection, j.stage, j.state, j.source, j.wnid, j.host, j.page, j.photos, j.seconds,
      j.reason, j.worker
    from job_history j join collection c on c.id = j.collection_id
    where ${equalsIfGiven('c.name', collection)} and ${equalsIfGiven('j.stage', stage)}
      and ${equalsIfGiven('j.state', state)}
    order by j.id desc limit ${limit}`.execute(db);
  return rows;
}
