import { sql, type Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';

export async function collectionsFilteredWith(db: Kysely<Database>, model: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from collection where definition -> 'ensemble' @> ${JSON.stringify([model])}::jsonb order by name`.execute(
    db,
  );
  return rows.map(({ name }) => name);
}

/**
 * Counts the crops with evidence from a model of this name, or from a model with these SHA-256 (hex). A head has the `sha256` of its
 * backbone. Evidence of a head does not count for its backbone, nor the other way round.
 */
export async function countEvidence(
  db: Kysely<Database>,
  model: { readonly name: string } | { readonly sha256: string; readonly headSha256: string | null },
): Promise<number> {
  // The head is the last word of what `preprocessingVersion` gives.
  const isIts =
    'name' in model
      ? sql`m.model_name = ${model.name}`
      : sql`m.model_sha256 = ${Buffer.from(model.sha256, 'hex')}
          and substring(m.preprocessing from ' head:([0-9a-f]{64})$') is not distinct from ${model.headSha256}::text`;
  const { rows } = await sql<{ crops: number }>`
    select count(*) as crops from evidence e join member m on m.id = e.member_id where ${isIts}`.execute(db);
  return rows[0]?.crops ?? 0;
}
