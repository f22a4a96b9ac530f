import { sql, type Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { onlyRow, streamRows } from '../../platform/postgres/query.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { unitVector, type StoredFeature } from './feature.ts';
import type { ModelIdentity } from './member.ts';

/** The model output that photos are compared by, on the cpu. The same output always has the same id. */
export async function registerBackbone(
  db: Kysely<Database>,
  { modelName, modelSha256, preprocessing }: ModelIdentity,
  output: string,
): Promise<number> {
  const { id } = onlyRow(
    await sql<{ id: number }>`
      insert into backbone (model_sha256, model_name, preprocessing, output)
      values (${Buffer.from(modelSha256, 'hex')}, ${modelName}, ${preprocessing}, ${output})
      on conflict (model_sha256, preprocessing, output) do update set model_name = backbone.model_name returning id`.execute(
      db,
    ),
  );
  return id;
}

export async function withoutFeatures(
  db: Kysely<Database>,
  backboneId: number,
  photos: readonly Sha256[],
): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ sha256: string }>`
    select encode(f.sha256, 'hex') as sha256 from unnest(${photos}::text[]) as wanted(hex) join photo f on f.sha256 = decode(wanted.hex, 'hex')
    where not exists (select 1 from feature v where v.backbone_id = ${backboneId} and v.photo_id = f.id)`.execute(db);
  return new Set(rows.map((row) => row.sha256));
}

export async function storeFeatures(
  db: Kysely<Database>,
  backboneId: number,
  features: ReadonlyMap<Sha256, StoredFeature>,
): Promise<void> {
  const entries = [...features];
  if (entries.length === 0) return;
  await sql`
    insert into feature (backbone_id, photo_id, scale, vector)
    select ${backboneId}, f.id, n.scale, n.vector
    from unnest(${entries.map(([sha256]) => sha256)}::text[], ${entries.map(([, { scale }]) => scale)}::real[],
      ${entries.map(([, { vector }]) => vector)}::bytea[]) as n(hex, scale, vector) join photo f on f.sha256 = decode(n.hex, 'hex')
    on conflict do nothing`.execute(db);
}

export async function readUnitVectors(
  db: Kysely<Database>,
  backboneId: number,
  photos: readonly Sha256[],
): Promise<ReadonlyMap<string, Float32Array>> {
  const { rows } = await sql<{ sha256: string; vector: Buffer }>`
    select encode(f.sha256, 'hex') as sha256, v.vector from unnest(${photos}::text[]) as wanted(hex)
    join photo f on f.sha256 = decode(wanted.hex, 'hex') join feature v on v.backbone_id = ${backboneId} and v.photo_id = f.id`.execute(
    db,
  );
  return new Map(rows.map((row) => [row.sha256, unitVector(row.vector)]));
}

/** The cosine similarity, -1 to 1, of a collection's photos with features to another photo, by id. Empty if that one has none. */
export async function similarPhotos(
  db: Kysely<Database>,
  collectionId: number,
  sha256: Sha256,
): Promise<ReadonlyMap<number, number>> {
  const { rows } = await sql<{ backboneId: number; vector: Buffer }>`
    select v.backbone_id as "backboneId", v.vector from photo f join feature v on v.photo_id = f.id
    where f.sha256 = decode(${sha256}, 'hex') order by v.backbone_id desc limit 1`.execute(db);
  const [own] = rows;
  const found = new Map<number, number>();
  if (own === undefined) return found;
  const wanted = unitVector(own.vector);
  const others = sql<{ id: number; vector: Buffer }>`
    select photo_id as id, vector from feature where backbone_id = ${own.backboneId} and photo_id in (
      select p.photo_id from collection_candidate l join candidate c on c.id = l.candidate_id join picture p on p.id = c.picture_id
      where l.collection_id = ${collectionId})`;
  for await (const { id, vector } of streamRows(db, others))
    found.set(
      id,
      unitVector(vector).reduce((sum, value, i) => sum + value * (wanted[i] ?? 0), 0),
    );
  return found;
}
