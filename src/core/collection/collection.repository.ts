import { sql, type Insertable, type Kysely, type Transaction } from 'kysely';
import { StopTheRun, UsageError } from '../kernel/errors.ts';
import type { Wnid } from '../kernel/ids.ts';
import type { CollectionTable, Database } from '../platform/postgres/database.ts';
import type { Collection } from './collection.ts';
import { isNamesake, modulesIn, withModules, type SourceModule } from './source-module.ts';
import { MODES } from './modes.ts';
import { definitionSchema, storedCardsSchema, type StoredCard, type StoredRules } from './stored-rules.ts';

export interface DecisionRules {
  /** SHA-256 of the collection's rules and its members, in hex. If a model is replaced, photos are decided again. */
  readonly decisionSha256: string;
  readonly memberIds: readonly number[];
}

/** An existing row keeps the rules of its last decisions until a filter claims it, so commands that only read change nothing. */
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

export interface RulesToStore extends DecisionRules {
  readonly cards: Readonly<Record<string, StoredCard>>;
  readonly by: string;
}

/**
 * Decisions under other rules stay but no longer count. A filter that still works under other rules ends: see `rulesHold`.
 * `when` is `unset`: only if no rules are stored yet.
 */
export async function storeRules(
  db: Kysely<Database>,
  collection: Collection,
  { cards, by, when, ...rules }: RulesToStore & { readonly when: 'unset' | 'always' },
): Promise<void> {
  const update = db.updateTable('collection').set({
    ...rowOf(collection, rules),
    rules_text: collection.text,
    cards: JSON.stringify(cards),
    rules_since: new Date(),
    rules_by: by,
  });
  const named = update.where('name', '=', collection.name);
  await (when === 'unset' ? named.where('rules_text', 'is', null) : named).execute();
}

/** Stores a text of the same rules, whose other keys (sources, cap, settings) have changed. */
export async function storeText(db: Kysely<Database>, collection: Collection, rules: DecisionRules): Promise<void> {
  await db
    .updateTable('collection')
    .set({ ...rowOf(collection, rules), rules_text: collection.text })
    .where('name', '=', collection.name)
    .where('decision_sha256', '=', Buffer.from(rules.decisionSha256, 'hex'))
    .execute();
}

/**
 * Stores what a crawl has read of a file that the collection names as a source.
 * @returns the hash of the file at the crawl before, or null
 * @throws UsageError `source-name-taken` if another file has a source of this name: of the same collection, or of another one with another
 *   file name and content. Searches and photos are found again by the name, so that one source would get those of the other
 */
export async function storeModule(
  db: Kysely<Database>,
  collectionId: number,
  read: SourceModule,
): Promise<string | null> {
  const stored = db.selectFrom('collection').select('rules_text as text').where('id', '=', collectionId);
  return db.transaction().execute(async (trx) => {
    const { text = null } = (await trx.executeQuery(stored.forUpdate())).rows[0] ?? {};
    if (text === null) return null;
    const twin = modulesIn(text).find(({ name, path }) => name === read.name && path !== read.path);
    if (twin !== undefined) throw nameTaken(read, `the same collection uses for ${twin.path}. Choose another name.`);
    await refuseNamesake(trx, collectionId, read);
    const rules_text = withModules(text, [read]);
    await trx.updateTable('collection').set({ rules_text }).where('id', '=', collectionId).execute();
    return modulesIn(text).find(({ path }) => path === read.path)?.sha256 ?? null;
  });
}

async function refuseNamesake(trx: Transaction<Database>, collectionId: number, read: SourceModule): Promise<void> {
  const texts = trx
    .selectFrom('collection')
    .select(['name', 'rules_text as text'])
    .where('id', '<>', collectionId)
    .orderBy('id');
  for (const { name, text } of await texts.execute()) {
    const other = text === null ? undefined : modulesIn(text).find((module) => isNamesake(module, read));
    if (other !== undefined)
      throw nameTaken(
        read,
        `the collection ${name} uses for another source, in ${other.path}. Choose another name, or give both collections the same file.`,
      );
  }
}

function nameTaken({ path, name }: SourceModule, why: string): UsageError {
  return new UsageError(`The source in ${path} has the name '${name}', which ${why}`, { code: 'source-name-taken' });
}

export async function rulesSha256Of(db: Kysely<Database>, collectionId: number): Promise<string | undefined> {
  const row = await db
    .selectFrom('collection')
    .select('decision_sha256')
    .where('id', '=', collectionId)
    .executeTakeFirst();
  return row?.decision_sha256.toString('hex');
}

/** True if these rules are still in force for the collection. They cannot change before the transaction ends. */
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

export const RULES_DIFFER = 'rules-differ';

/** Code of the error for a process whose collection was deleted. If the collection is used again, it has another id. */
export const COLLECTION_FORGOTTEN = 'collection-forgotten';

/** @param work what needed the collection, as in `its shortlist is built` */
export function collectionForgotten(work: string): StopTheRun {
  return new StopTheRun(
    `The collection was deleted (winnow collection forget) while ${work}, so nothing was stored. Run the command again to create it again.`,
    { code: COLLECTION_FORGOTTEN },
  );
}

/** @throws StopTheRun `collection-forgotten` */
export async function requireCollection(db: Kysely<Database>, id: number, work: string): Promise<void> {
  const row = await db.selectFrom('collection').select('id').where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw collectionForgotten(work);
}

function rowOf(collection: Collection, { decisionSha256, memberIds }: DecisionRules): Insertable<CollectionTable> {
  const { subjects, classes, evidenceClasses, mode } = collection;
  const subjectNames = (subjects.ids ?? []).map((id): [string, string] => [id, subjects.nameOf(id)]);
  const definition = {
    name: collection.name,
    mode,
    classes: classes.wnids,
    [MODES[mode].subjectKey]: subjects.ids ?? 'any',
    names: Object.fromEntries([...subjectNames, ...evidenceClasses.nameByWnid]),
    classListSha256: evidenceClasses.sha256,
    sources: [...collection.sources, ...collection.modules.flatMap(({ name }) => name ?? [])],
    licences: collection.licences,
    ensemble: collection.ensemble,
    policy: collection.policy,
    memberIds,
  };
  return {
    name: collection.name,
    file_sha256: Buffer.from(collection.sha256, 'hex'),
    decision_sha256: Buffer.from(decisionSha256, 'hex'),
    definition: JSON.stringify(definition),
    updated_at: new Date(),
  };
}

export async function readRules(db: Kysely<Database>, name: string): Promise<StoredRules | null> {
  const { rows } = await sql<StoredRow>`
    select k.id, encode(k.decision_sha256, 'hex') as "decisionSha256", encode(k.file_sha256, 'hex') as "fileSha256", k.definition, k.rules_text as text, k.cards,
      k.rules_since as since, k.rules_by as by, l.wnids as among,
      (select coalesce(jsonb_agg(jsonb_build_object('name', m.model_name, 'sha256', encode(m.model_sha256, 'hex'),
          'preprocessing', m.preprocessing)), '[]') from member m
        where m.id in (select value::int from jsonb_array_elements_text(k.definition -> 'memberIds'))) as members
    from collection k left join class_list l on l.sha256 = decode(k.definition ->> 'classListSha256', 'hex')
    where k.name = ${name}`.execute(db);
  const [row] = rows;
  if (row === undefined) return null;
  const { definition, cards, among, ...rest } = row;
  const defined = definitionSchema.parse(definition);
  return { ...rest, ...defined, among: among ?? defined.classes, cards: storedCardsSchema.parse(cards ?? {}) };
}

type StoredRow = Pick<StoredRules, 'id' | 'decisionSha256' | 'fileSha256' | 'text' | 'since' | 'by' | 'members'> & {
  readonly definition: unknown;
  readonly cards: unknown;
  readonly among: string[] | null;
};

export async function countDecisions(
  db: Kysely<Database>,
  { id, decisionSha256 }: Pick<StoredRules, 'id' | 'decisionSha256'>,
): Promise<number> {
  const { count } = await db
    .selectFrom('decision')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('collection_id', '=', id)
    .where('decision_sha256', '=', Buffer.from(decisionSha256, 'hex'))
    .executeTakeFirstOrThrow();
  return count;
}

export async function collectionNames(db: Kysely<Database>): Promise<string[]> {
  const rows = await db.selectFrom('collection').select('name').orderBy('name').execute();
  return rows.map(({ name }) => name);
}

/** The names of the collections whose rules the catalogue has, sorted. One that was only read has none. */
export async function collectionsWithRules(db: Kysely<Database>): Promise<string[]> {
  const rows = await db
    .selectFrom('collection')
    .select('name')
    .where('rules_text', 'is not', null)
    .orderBy('name')
    .execute();
  return rows.map(({ name }) => name);
}

/** Adds concepts below one of the 1,000 classes to those whose photos the collection takes. @returns all of them, sorted */
export async function allowHyponyms(
  db: Kysely<Database>,
  collectionId: number,
  wnids: readonly Wnid[],
): Promise<readonly Wnid[]> {
  const row = await db
    .updateTable('collection')
    .set({
      allowed_hyponyms: sql<string[]>`array(
        select distinct wnid collate "C" from unnest(allowed_hyponyms || ${[...wnids]}::text[]) wnid order by 1)`,
    })
    .where('id', '=', collectionId)
    .returning('allowed_hyponyms')
    .executeTakeFirstOrThrow();
  return row.allowed_hyponyms;
}

export async function allowedHyponyms(db: Kysely<Database>, collectionId: number): Promise<readonly Wnid[]> {
  const row = await db
    .selectFrom('collection')
    .select('allowed_hyponyms')
    .where('id', '=', collectionId)
    .executeTakeFirstOrThrow();
  return row.allowed_hyponyms;
}

/** For processes that know only the setting: a crawl over all classes may have another limit (`--limit`). Null for none. */
export async function storeLimitOfCrawl(
  db: Kysely<Database>,
  collectionId: number,
  limit: number | null,
): Promise<void> {
  await sql`
    update collection set limit_per_class = ${limit}::bigint
    where id = ${collectionId} and limit_per_class is distinct from ${limit}::bigint`.execute(db);
}

export async function limitOfLastCrawl(db: Kysely<Database>, collectionId: number): Promise<number | null> {
  const { rows } = await sql<{ limit: number | null }>`
    select limit_per_class as limit from collection where id = ${collectionId}`.execute(db);
  return rows[0]?.limit ?? null;
}
