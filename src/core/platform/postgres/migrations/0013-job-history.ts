import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // The jobs that a stage finished or failed last. Queues keep no finished job, because a kept key could never be queued again.
  // source: of a discovery job. host: of a fetch job ('' for files on disk). page: of a discovery or filter job. photos: how many
  // it found, settled or decided. reason: the error of a failed job; of a finished one, the photos that it refused, by reason.
  // worker: the machine and the process.
  `create table job_history (
     id bigint generated always as identity primary key,
     at timestamptz not null,
     collection_id integer not null references collection on delete cascade,
     stage text not null check (stage in ('discover', 'fetch', 'filter')),
     state text not null check (state in ('finished', 'failed')),
     source text,
     wnid text,
     host text,
     page integer,
     photos integer not null check (photos >= 0),
     seconds real not null check (seconds >= 0),
     reason text,
     worker text not null
   )`,
  `create index job_history_state on job_history (stage, state, id)`,
];

/** Adds the history of jobs, whose size is bounded by the program. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
