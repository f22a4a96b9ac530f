import { sql, type Kysely } from 'kysely';
import type { EvidenceImport } from '../../kernel/evidence-import.ts';
import type { Database } from '../../platform/postgres/database.ts';

type Stored = { readonly [Key in keyof EvidenceImport]: NonNullable<EvidenceImport[Key]> };

/** Stores an import of members (ids for the cpu). If the same plan is imported again, the closer look counts. */
export async function storeImport(
  db: Kysely<Database>,
  { plan, seed, photos, compared, mostDiffering }: Stored,
  members: readonly number[],
): Promise<void> {
  await sql`
    insert into evidence_import as i (plan_sha256, seed, photos, compared, most_differing, member_ids)
    values (decode(${plan}, 'hex'), ${seed}, ${photos}, ${compared}, ${mostDiffering}, ${members}::int[])
    on conflict (plan_sha256) do update set (seed, photos, compared, most_differing, imported_at) =
      (excluded.seed, excluded.photos, excluded.compared, excluded.most_differing, now())
    where excluded.most_differing < i.most_differing`.execute(db);
}

/** The imports of some members (ids for the cpu), in their order. */
export async function importsOf(db: Kysely<Database>, members: readonly number[]): Promise<EvidenceImport[]> {
  const { rows } = await sql<EvidenceImport>`
    select encode(plan_sha256, 'hex') as plan, seed, photos, compared, most_differing as "mostDiffering"
    from evidence_import where member_ids && ${members}::int[] order by id`.execute(db);
  return rows;
}
