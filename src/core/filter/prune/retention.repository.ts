import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import * as z from 'zod';
import type { Database } from '../../platform/postgres/database.ts';
import { fewInScope } from '../run/decision.repository.ts';
import { CANDIDATES, type DecisionScope } from '../../models/workspace/scope.ts';

export interface NamedScope {
  readonly name: string;
  readonly scope: DecisionScope;
}

/** A definition that cannot be read counts as one that takes everything: keeping too much is safer than too little. */
const definitionSchema = z.object({
  mode: z.enum(['A', 'O']).catch('A'),
  classes: z.array(z.string()).nullable().catch(null),
  concepts: z.union([z.literal('any'), z.array(z.string())]).catch('any'),
  licences: z.union([z.literal('any'), z.array(z.string())]).catch('any'),
});

interface CollectionRow {
  readonly id: number;
  readonly name: string;
  readonly decisionSha256: string;
  readonly definition: unknown;
  readonly wnids: string[] | null;
}

/** The collections with the rules of their last filter, which cannot change before the transaction ends. */
export async function collectionScopes(trx: Transaction<Database>): Promise<NamedScope[]> {
  const { rows } = await sql<CollectionRow>`
    select k.id, k.name, encode(k.decision_sha256, 'hex') as "decisionSha256", k.definition, l.wnids
    from collection k left join class_list l on l.sha256 = decode(k.definition ->> 'classListSha256', 'hex')
    order by k.id for share of k`.execute(trx);
  return rows.map((row) => ({ name: row.name, scope: scopeOf(row) }));
}

function scopeOf({ id, decisionSha256, definition, wnids }: CollectionRow): DecisionScope {
  const { mode, classes, concepts, licences } = definitionSchema.parse(definition);
  const base = { collectionId: id, decisionSha256, licences };
  const list = wnids ?? classes;
  if (list === null) return { ...base, wnids: [], concepts: { only: null, not: [] } };
  const lists = { classes: classes ?? list, concepts: concepts === 'any' ? null : concepts, among: list };
  return { ...base, wnids: list, ...CANDIDATES[mode](lists) };
}

/** For some hundreds of photos PostgreSQL would rather read all candidates each time, which takes longer the more there are. */
export async function lookUpOneByOne(trx: Transaction<Database>): Promise<void> {
  await sql`set local enable_hashjoin = off`.execute(trx);
  await sql`set local enable_mergejoin = off`.execute(trx);
}

/** Why a photo keeps its bytes, in descending order of weight. */
export const HOLD_REASONS = ['kept', 'listed', 'undecided', 'undecodable', 'poison'] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

export interface Hold {
  readonly photoId: number;
  readonly reason: HoldReason;
  readonly collection: string;
}

/**
 * Photos that keep their bytes, each with its weightiest reason. Some collection keeps it (or would, were it not in a reference
 * set), has it on its shortlist or drew it from the crawl, has not decided it yet, or could not evaluate it.
 */
export async function holdsOf(
  db: Kysely<Database>,
  scopes: readonly NamedScope[],
  photoIds: readonly number[],
): Promise<Map<number, Hold>> {
  const holds: Hold[] = [];
  for (const { name, scope } of scopes) {
    const { rows } = await heldBy(scope, photoIds).execute(db);
    holds.push(...rows.map((row) => ({ ...row, collection: name })));
  }
  const weight = (hold: Hold): number => HOLD_REASONS.indexOf(hold.reason);
  // Later entries win, so the weightiest come last; among equals the first collection wins.
  const lightestFirst = holds.toReversed().toSorted((a, b) => weight(b) - weight(a));
  return new Map(lightestFirst.map((hold) => [hold.photoId, hold]));
}

function heldBy(
  scope: DecisionScope,
  photoIds: readonly number[],
): RawBuilder<{ photoId: number; reason: HoldReason }> {
  const ids = sql`${photoIds}::bigint[]`;
  return sql`
    select d.photo_id as "photoId", 'kept' as reason from decision d
    where d.collection_id = ${scope.collectionId} and d.photo_id = any(${ids})
      and (d.state = 'kept' or d.overruled ->> 'state' = 'kept')
    union
    select e.photo_id, 'listed' from shortlist_entry e
    where e.collection_id = ${scope.collectionId} and e.photo_id = any(${ids})
    union
    select w.photo_id, 'listed' from crawl_draw w
    where w.collection_id = ${scope.collectionId} and w.photo_id = any(${ids}) and w.stratum is not null
    union
    select s.photo_id, case when d.state = 'failed' then d.reason else 'undecided' end
    from ${fewInScope(scope, sql`p.photo_id = any(${ids})`)} as s
    left join decision d on d.collection_id = ${scope.collectionId} and d.photo_id = s.photo_id and d.wnid = s.wnid
      and d.decision_sha256 = ${Buffer.from(scope.decisionSha256, 'hex')}
    where d.state is null or d.state = 'failed'`;
}

export async function photosNeeded(
  trx: Transaction<Database>,
  photoIds: readonly number[],
): Promise<ReadonlySet<number>> {
  return new Set((await holdsOf(trx, await collectionScopes(trx), photoIds)).keys());
}

export async function photoIdsInScope(
  db: Kysely<Database>,
  scope: DecisionScope,
  { from, before }: { readonly from: number; readonly before: number },
): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select distinct s.photo_id as id from ${fewInScope(scope, sql`p.photo_id >= ${from} and p.photo_id < ${before}`)} as s`.execute(
    db,
  );
  return rows.map((row) => row.id);
}
