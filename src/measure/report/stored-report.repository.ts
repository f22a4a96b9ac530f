import { sql, type Kysely } from 'kysely';
import type { DecisionScope } from '../../core/models/workspace/scope.ts';
import type { Sha256 } from '../../core/kernel/ids.ts';
import type { Database } from '../../core/platform/postgres/database.ts';
import type { Subject } from '../../core/review/events/event.ts';
import type { Report, ReportedPhotos } from './report.ts';

export interface ReportInputs {
  /** Absolute paths. */
  readonly clean: string | null;
  readonly inDistribution: string | null;
  /** Null for accepted photos, or listed ones if none is accepted. */
  readonly which: ReportedPhotos | null;
  /** Null for every usable model. */
  readonly models: readonly string[] | null;
  /** Mode O: the classes of the figures of detection, as `--among` takes them. Null for the collection's own, as before winnow asked. */
  readonly among?: string | null;
}

export interface StoredReport {
  readonly report: Report;
  readonly inputs: ReportInputs;
  readonly madeAt: string;
}

export async function storeReport(
  db: Kysely<Database>,
  { collectionId }: DecisionScope,
  { report, inputs }: Pick<StoredReport, 'report' | 'inputs'>,
): Promise<void> {
  await sql`
    insert into report (collection_id, report, inputs)
    values (${collectionId}, ${JSON.stringify(report)}::json, ${JSON.stringify(inputs)}::jsonb)
    on conflict (collection_id) do update set report = excluded.report, inputs = excluded.inputs, made_at = now()`.execute(
    db,
  );
}

export async function readReport(db: Kysely<Database>, { collectionId }: DecisionScope): Promise<StoredReport | null> {
  const { rows } = await sql<StoredReport>`
    select report, inputs, to_char(made_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "madeAt"
    from report where collection_id = ${collectionId}`.execute(db);
  return rows[0] ?? null;
}

/** The newest export with exactly these photos; null if there is none. */
export async function revisionOf(
  db: Kysely<Database>,
  { collectionId }: DecisionScope,
  photos: readonly Subject[],
): Promise<Sha256 | null> {
  const { rows } = await sql<{ id: Sha256 }>`
    with wanted as (select wnid, decode(hex, 'hex') as sha256
      from unnest(${photos.map(({ wnid }) => wnid)}::text[], ${photos.map(({ sha256 }) => sha256)}::text[]) as w(wnid, hex))
    select encode(r.revision, 'hex') as id from export_revision r
    where r.collection_id = ${collectionId} and r.photos = ${photos.length} and not exists (
      select 1 from wanted w left join export_photo p on p.export_id = r.id and p.wnid = w.wnid and p.sha256 = w.sha256
      where p.folder is null)
    order by r.id desc limit 1`.execute(db);
  return rows[0]?.id ?? null;
}
