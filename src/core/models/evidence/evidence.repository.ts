import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { onlyRow } from '../../platform/postgres/query.ts';
import type { EvidenceProvider } from '../../kernel/execution-provider.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { CROPS_PER_MEMBER, noCrops, type CropEvidence, type PhotoEvidence } from './evidence.ts';
import { hasSigmoid, type MemberIdentity } from './member.ts';

/** Registers a class list by its hash. The same list always has the same id. */
export async function registerClassList(
  db: Kysely<Database>,
  sha256: Sha256,
  wnids: readonly string[],
): Promise<number> {
  const { id } = onlyRow(
    await sql<{ id: number }>`
      insert into class_list (sha256, wnids) values (${Buffer.from(sha256, 'hex')}, ${wnids}::text[])
      on conflict (sha256) do update set wnids = class_list.wnids returning id`.execute(db),
  );
  return id;
}

/** Registers a member. The same model, preprocessing, class list and execution provider always have the same id. */
export async function registerMember(
  db: Kysely<Database>,
  { modelSha256, modelName, preprocessing, executionProvider }: MemberIdentity,
  classListId: number,
): Promise<number> {
  const { id } = onlyRow(
    await sql<{ id: number }>`
      insert into member (model_sha256, model_name, preprocessing, class_list_id, execution_provider)
      values (${Buffer.from(modelSha256, 'hex')}, ${modelName}, ${preprocessing}, ${classListId}, ${executionProvider})
      on conflict on constraint member_identity do update set model_name = member.model_name returning id`.execute(db),
  );
  return id;
}

/** Registers members (ids for the cpu) for an execution provider, and returns their ids there. */
export async function membersOn(
  db: Kysely<Database>,
  members: readonly number[],
  provider: EvidenceProvider,
): Promise<readonly number[]> {
  if (provider === 'cpu' || members.length === 0) return members;
  await sql`
    insert into member (model_sha256, model_name, preprocessing, class_list_id, execution_provider)
    select model_sha256, model_name, preprocessing, class_list_id, ${provider} from member where id = any(${members})
    on conflict do nothing`.execute(db);
  const { rows } = await sql<{ own: number; there: number }>`
    select m.id as own, o.id as there
    from member m join member o using (model_sha256, preprocessing, class_list_id)
    where m.id = any(${members}) and o.execution_provider = ${provider}`.execute(db);
  const there = new Map(rows.map((row) => [row.own, row.there]));
  return members.map((id) => there.get(id) ?? -1);
}

/** The ids of each member for every provider, as their rows count: the cpu's first, `imported` last, the others as registered. */
export async function membersOnEach(db: Kysely<Database>, members: readonly number[]): Promise<readonly number[][]> {
  const { rows } = await sql<{ own: number; ids: number[] }>`
    select m.id as own, array_agg(o.id order by o.execution_provider <> 'cpu', o.execution_provider = 'imported', o.id) as ids
    from member m join member o using (model_sha256, preprocessing, class_list_id)
    where m.id = any(${members}) group by m.id`.execute(db);
  const each = new Map(rows.map(({ own, ids }) => [own, ids]));
  return members.map((id) => each.get(id) ?? [id]);
}

/** The ids under which imported evidence of some members (ids for the cpu) is stored. */
export async function importedMembers(db: Kysely<Database>, members: readonly number[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select o.id from member m join member o using (model_sha256, preprocessing, class_list_id)
    where m.id = any(${members}::int[]) and o.execution_provider = 'imported'`.execute(db);
  return rows.map(({ id }) => id);
}

/** The members whose p are sigmoids. */
export async function sigmoidMembers(db: Kysely<Database>, members: readonly number[]): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ id: number; preprocessing: string }>`
    select id, preprocessing from member where id = any(${members}::int[])`.execute(db);
  return new Set(rows.filter(hasSigmoid).map(({ id }) => id));
}

/** True if a member has evidence of any photo. If it has none, this reads all digests, so do not call it often. */
export async function hasEvidence(db: Kysely<Database>, memberId: number): Promise<boolean> {
  const { rows } = await sql`select 1 from evidence_digest where member_id = ${memberId} limit 1`.execute(db);
  return rows.length > 0;
}

/** Ids, ascending from `after`, of photos with evidence of some of these members, on any provider. */
export async function evaluatedPhotoIds(
  db: Kysely<Database>,
  members: readonly number[],
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<number[]> {
  const ids = (await membersOnEach(db, members)).flat();
  const { rows } = await sql<{ id: number }>`
    select distinct photo_id as id from evidence_digest where photo_id > ${after} and member_id = any(${ids}::int[])
    order by id limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}

/**
 * The stored evidence of some photos, of all execution providers: a matrix for each photo id, whose row m is
 * `members[m]`, an id for the cpu.
 */
export async function readEvidence(
  db: Kysely<Database>,
  photoIds: readonly number[],
  members: readonly number[],
): Promise<Map<number, PhotoEvidence>> {
  const matrices = new Map(photoIds.map((id) => [id, members.map(noCrops)]));
  if (photoIds.length === 0 || members.length === 0) return matrices;
  const sigmoid = await sigmoidMembers(db, members);
  const { rows } = await sql<CountedRow>`
    select * from counted_evidence where photo_id = any(${photoIds}) and member_id = any(${members})`.execute(db);
  for (const row of rows) {
    const cells = matrices.get(row.photo_id)?.[members.indexOf(row.member_id)];
    if (cells !== undefined) cells[row.crop] = toCropEvidence(row, sigmoid.has(row.member_id));
  }
  return matrices;
}

/** The logits of all crops of a member, in the order of the crops; null if some are not stored. */
type MemberLogits = readonly Float32Array[] | null;

/**
 * The stored logits of each member, by photo id, without the summaries: a row for each photo and member is read ten
 * times faster than one for each crop. Logits of another length than `classes` count as not stored.
 */
export async function readLogits(
  db: Kysely<Database>,
  photoIds: readonly number[],
  { members, classes }: { readonly members: readonly number[]; readonly classes: number },
): Promise<Map<number, MemberLogits[]>> {
  const found = new Map(photoIds.map((id) => [id, members.map((): MemberLogits => null)]));
  const bytes = classes * Float32Array.BYTES_PER_ELEMENT;
  const { rows } = await sql<{ photoId: number; memberId: number; logits: Buffer }>`
    select photo_id as "photoId", member_id as "memberId", string_agg(logits, ''::bytea order by crop) as logits
    from counted_evidence
    where photo_id = any(${photoIds}) and member_id = any(${members}) and octet_length(logits) = ${bytes}::int
    group by photo_id, member_id having count(*) = ${CROPS_PER_MEMBER}::int`.execute(db);
  for (const { photoId, memberId, logits } of rows) {
    const all = floatsOf(logits);
    const crops = Array.from({ length: CROPS_PER_MEMBER }, (_, crop) =>
      all.subarray(crop * classes, (crop + 1) * classes),
    );
    found.get(photoId)?.splice(members.indexOf(memberId), 1, crops);
  }
  return found;
}

interface CountedRow extends Selectable<Database['evidence']> {
  execution_provider: EvidenceProvider;
}

function toCropEvidence(row: CountedRow, isSigmoid: boolean): CropEvidence {
  return {
    top1: row.top1,
    top1Prob: row.top1_prob,
    trueProbs: new Map(row.true_classes.map((wanted, i) => [wanted, row.true_probs[i] ?? Number.NaN])),
    logits: row.logits === null ? null : floatsOf(row.logits),
    ...(isSigmoid ? { isSigmoid } : {}),
    ...(row.execution_provider === 'cpu' ? {} : { executionProvider: row.execution_provider }),
  };
}

export function floatsOf(bytes: Buffer): Float32Array {
  // Copied because a Float32Array must start at a multiple of four, and pg's buffers start anywhere.
  return new Float32Array(new Uint8Array(bytes).buffer);
}

export interface EvidenceToStore {
  readonly photoId: number;
  /** Cells to write. Null cells stay as they are stored. */
  readonly evidence: PhotoEvidence;
  /** Full logits are stored only for photos that were kept (4 bytes a class and crop). */
  readonly withLogits: boolean;
}

/**
 * Stores evidence, each crop under the execution provider on which it ran. A stored cell keeps what it has and gains
 * what is new. `members`: ids for the cpu.
 */
export async function storeEvidence(
  trx: Transaction<Database>,
  entries: readonly EvidenceToStore[],
  members: readonly number[],
): Promise<void> {
  const cells = entries.flatMap(cellsOf);
  const ids = new Map<EvidenceProvider, readonly number[]>();
  for (const provider of new Set(cells.map(providerOf))) ids.set(provider, await membersOn(trx, members, provider));
  // All writers use the same row order, so that two of them cannot deadlock.
  const rows = cells
    .map((cell) => ({ ...cell, memberId: ids.get(providerOf(cell))?.[cell.member] ?? -1 }))
    .toSorted((a, b) => a.photoId - b.photoId || a.memberId - b.memberId || a.crop - b.crop);
  if (rows.length === 0) return;
  await sql`
    insert into evidence (photo_id, member_id, crop, top1, top1_prob, true_classes, true_probs, logits)
    select r.photo_id, r.member_id, r.crop, r.top1, r.top1_prob, r.true_classes::smallint[], r.true_probs::double precision[], r.logits
    from unnest(
      ${rows.map((row) => row.photoId)}::bigint[], ${rows.map((row) => row.memberId)}::int[], ${rows.map((row) => row.crop)}::smallint[],
      ${rows.map((row) => row.cell.top1)}::smallint[], ${rows.map((row) => row.cell.top1Prob)}::double precision[],
      ${rows.map((row) => arrayLiteral(row.cell.trueProbs.keys()))}::text[], ${rows.map((row) => arrayLiteral(row.cell.trueProbs.values()))}::text[],
      ${rows.map((row) => row.logits)}::bytea[]
    ) as r(photo_id, member_id, crop, top1, top1_prob, true_classes, true_probs, logits)
    on conflict (photo_id, member_id, crop) do update set
      (true_classes, true_probs) = (
        select coalesce(array_agg(k.class order by k.class), '{}'), coalesce(array_agg(k.prob order by k.class), '{}')
        from (
          select distinct on (u.class) u.class, u.prob from (
            select 1 as rank, n.* from unnest(excluded.true_classes, excluded.true_probs) as n(class, prob)
            union all select 2, o.* from unnest(evidence.true_classes, evidence.true_probs) as o(class, prob)
          ) as u order by u.class, u.rank
        ) as k
      ),
      logits = coalesce(excluded.logits, evidence.logits)`.execute(trx);
}

interface Cell {
  readonly photoId: number;
  readonly member: number;
  readonly crop: number;
  readonly cell: CropEvidence;
  readonly logits: Buffer | null;
}

function cellsOf({ photoId, evidence, withLogits }: EvidenceToStore): Cell[] {
  return evidence.flatMap((cells, member) =>
    cells.flatMap((cell, crop): Cell[] => {
      if (cell === null) return [];
      const logits =
        withLogits && cell.logits !== null
          ? Buffer.from(new Uint8Array(cell.logits.buffer, cell.logits.byteOffset, cell.logits.byteLength))
          : null;
      return [{ photoId, member, crop, cell, logits }];
    }),
  );
}

function providerOf({ cell }: Cell): EvidenceProvider {
  return cell.executionProvider ?? 'cpu';
}

function arrayLiteral(values: Iterable<number>): string {
  return `{${[...values].join(',')}}`;
}

export async function collectionsFilteredWith(db: Kysely<Database>, model: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from collection where definition -> 'ensemble' @> ${JSON.stringify([model])}::jsonb order by name`.execute(
    db,
  );
  return rows.map(({ name }) => name);
}

/** Crops with evidence of a model. A head has the `sha256` of its backbone, and counts apart from it. */
export async function countEvidence(
  db: Kysely<Database>,
  model: { readonly name: string } | { readonly sha256: string; readonly headSha256: string | null },
): Promise<number> {
  // Only hashes of files with weights follow the head in what `preprocessingVersion` gives.
  const isIts =
    'name' in model
      ? sql`m.model_name = ${model.name}`
      : sql`m.model_sha256 = ${Buffer.from(model.sha256, 'hex')}
          and substring(m.preprocessing from ' head:([0-9a-f]{64})') is not distinct from ${model.headSha256}::text`;
  const { rows } = await sql<{ crops: number }>`
    select count(*) as crops from evidence e join member m on m.id = e.member_id where ${isIts}`.execute(db);
  return rows[0]?.crops ?? 0;
}
