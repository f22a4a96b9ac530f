import type { Insertable, Kysely, Transaction } from 'kysely';
import { StopTheRun } from '../kernel/errors.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { CollectionTable } from '../platform/postgres/tables/decisions.ts';
import type { Collection } from './collection.ts';

/** What decisions are made under, once the models are known. */
export interface DecisionRules {
  /** Of the collection's rules and of what its members are: a model that is replaced decides anew. Hex. */
  readonly decisionSha256: string;
  /** Ids of the ensemble's members in the catalogue. */
  readonly memberIds: readonly number[];
}

/**
 * The collection's id; a name that is new is recorded as its file says it now. One that is known keeps the rules that
 * its decisions were last made under, until a filter claims it: looking at a collection changes nothing.
 */
export async function registerCollection(
  db: Kysely<Database>,
  collection: Collection,
  rules: DecisionRules,
): Promise<number> {
  await db
    .insertInto('collection')
    .values(rowOf(collection, rules))
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const { id } = await db
    .selectFrom('collection')
    .select('id')
    .where('name', '=', collection.name)
    .executeTakeFirstOrThrow();
  return id;
}

/**
 * Records the rules that the collection is decided under from now on. Decisions made under other rules stay in the
 * catalogue but no longer count, and a filter that still works under them ends: see `rulesHold`.
 */
export async function claimCollection(
  db: Kysely<Database>,
  collection: Collection,
  rules: DecisionRules,
): Promise<void> {
  await db.updateTable('collection').set(rowOf(collection, rules)).where('name', '=', collection.name).execute();
}

/** Whether the collection is still decided under these rules; they cannot change before the transaction ends. */
export async function rulesHold(
  trx: Transaction<Database>,
  { collectionId, decisionSha256 }: { readonly collectionId: number; readonly decisionSha256: string },
): Promise<boolean> {
  const row = await trx
    .selectFrom('collection')
    .select('decision_sha256')
    .where('id', '=', collectionId)
    .forShare()
    .executeTakeFirst();
  return row?.decision_sha256.toString('hex') === decisionSha256;
}

/** For what stays and keeps the collection's id: used again by its name, the collection has another one. */
export const COLLECTION_FORGOTTEN = 'collection-forgotten';

/** @param work what needs the collection, as in `its shortlist is built` */
export function collectionForgotten(work: string): StopTheRun {
  return new StopTheRun(
    `Expected the collection to stay while ${work} but it was forgotten meanwhile (winnow collection forget); nothing was stored; started again, winnow uses it anew`,
    { code: COLLECTION_FORGOTTEN },
  );
}

/** @throws StopTheRun `collection-forgotten` */
export async function requireCollection(db: Kysely<Database>, id: number, work: string): Promise<void> {
  const row = await db.selectFrom('collection').select('id').where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw collectionForgotten(work);
}

function rowOf(collection: Collection, { decisionSha256, memberIds }: DecisionRules): Insertable<CollectionTable> {
  return {
    name: collection.name,
    file_sha256: Buffer.from(collection.sha256, 'hex'),
    decision_sha256: Buffer.from(decisionSha256, 'hex'),
    definition: JSON.stringify({ ...definitionOf(collection), memberIds }),
    updated_at: new Date(),
  };
}

function definitionOf({
  name,
  mode,
  classes,
  subjects,
  evidenceClasses,
  sources,
  licences,
  ensemble,
  policy,
}: Collection): Record<string, unknown> {
  const concepts = mode === 'O' ? { concepts: subjects.ids ?? 'any' } : {};
  const subjectNames = (subjects.ids ?? []).map((id): [string, string] => [id, subjects.nameOf(id)]);
  const names = Object.fromEntries([...subjectNames, ...evidenceClasses.nameByWnid]);
  return {
    name,
    mode,
    classes: classes.wnids,
    ...concepts,
    names,
    classListSha256: evidenceClasses.sha256,
    sources,
    licences,
    ensemble,
    policy,
  };
}

/** The names of all collections of the catalogue. */
export async function collectionNames(db: Kysely<Database>): Promise<string[]> {
  const rows = await db.selectFrom('collection').select('name').orderBy('name').execute();
  return rows.map(({ name }) => name);
}
