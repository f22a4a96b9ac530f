import { dayTallyProblems } from '../../src/core/status/days.repository.ts';
import { sql, type Kysely } from 'kysely';
import { expect } from 'vitest';
import { storeCandidates, type StoreResult } from '../../src/core/crawl/candidates/candidate.repository.ts';
import type { NewCandidate } from '../../src/core/crawl/candidates/candidate.ts';
import type { NewDecision } from '../../src/core/filter/rule/decision.ts';
import { storeDecisions } from '../../src/core/filter/run/decision.repository.ts';
import type { DecisionScope } from '../../src/core/models/workspace/scope.ts';
import { FINE_HASH_BYTES } from '../../src/core/photo/hashes/fine-hash.ts';
import { storePhotos } from '../../src/core/photo/photo.repository.ts';
import type { NewPhoto } from '../../src/core/photo/photo.ts';
import { firstCandidateProblems } from '../../src/core/filter/run/tally-audit.repository.ts';
import type { Database } from '../../src/core/platform/postgres/database.ts';
import type { PhotoCount } from '../../src/core/filter/run/photo-counts.repository.ts';
import { recountPhotos, judgedPhotos } from '../../src/core/filter/run/photo-counts.repository.ts';
import {
  countDistinctPhotos,
  foldPhotoCounts,
  readPhotoCounts,
  undecidedPhotoIds,
} from '../../src/core/filter/run/photo-tally.repository.ts';
import { registerMember } from '../../src/core/models/evidence/evidence.repository.ts';
import { sha256Of } from './sha256.ts';

export function candidate(sourceId: string, changes: Partial<NewCandidate> = {}): NewCandidate {
  return {
    source: 'folder',
    sourceId,
    wnid: 'n01',
    url: `file:///photos/${sourceId}`,
    pageUrl: null,
    creator: null,
    licence: 'unknown',
    licenceUrl: null,
    problem: null,
    refusal: null,
    queryId: null,
    ...changes,
  };
}

export function photo(name: string, changes: Partial<NewPhoto> = {}): NewPhoto {
  return {
    sha256: sha256Of(name),
    format: 'jpeg',
    width: 640,
    height: 480,
    bytes: 100_000,
    exifOrientation: 1,
    perceptualHash: sha256Of(`hash of ${name}`).slice(0, 16),
    // By chance of its digest, no other name's fingerprint is similar.
    fineHash: sha256Of(`finer hash of ${name}`)
      .repeat(8)
      .slice(0, 2 * FINE_HASH_BYTES),
    ...changes,
  };
}

/** A collection that wants nothing, for candidates of tests without a collection. */
export const CRAWLER = -1;

/** Stores candidates that the crawls of all collections found, also of those that a test creates later with `collection`. */
export async function store(db: Kysely<Database>, page: readonly NewCandidate[]): Promise<StoreResult> {
  await sql`insert into collection (id, name, file_sha256, decision_sha256, definition) overriding system value
    values (${CRAWLER}, 'crawler', '', '', '{"mode": "A", "classes": [], "licences": []}') on conflict do nothing`.execute(
    db,
  );
  return db.transaction().execute(async (trx) => {
    const options = { collectionId: CRAWLER, retryFailed: true, admitAtMost: null };
    const result = await storeCandidates(trx, page, options);
    await linkAll(trx);
    return result;
  });
}

/** Links every candidate to every collection, or to one. */
export async function linkAll(db: Kysely<Database>, collectionId: number | null = null): Promise<void> {
  await sql`insert into collection_candidate (candidate_id, collection_id)
    select c.id, k.id from candidate c cross join collection k where k.id = coalesce(${collectionId}::int, k.id) order by c.id
    on conflict do nothing`.execute(db);
}

/** Stores candidates of one picture, which is fetched as the photo with that name. Returns the photo's id. */
export async function fetched(
  db: Kysely<Database>,
  candidates: readonly NewCandidate[],
  photoName: string,
): Promise<number> {
  const { waiting } = await store(db, candidates);
  const [pictureId] = waiting;
  if (pictureId === undefined || waiting.length > 1) throw new Error(`Expected one picture but ${waiting.length} wait`);
  return stored(db, pictureId, photo(photoName));
}

/** Stores candidates of different pictures. Each picture is fetched as a photo of its own. Returns the ids of the photos, in order. */
export async function fetchedAll(db: Kysely<Database>, candidates: readonly NewCandidate[]): Promise<number[]> {
  await store(db, candidates);
  const pictures = await db.selectFrom('picture').select(['id', 'source', 'source_id']).execute();
  const ids = new Map(pictures.map((row) => [`${row.source} ${row.source_id}`, row.id]));
  const rows = await storePhotos(
    db,
    candidates.map(({ source, sourceId }) => ({
      pictureId: ids.get(`${source} ${sourceId}`) ?? -1,
      photo: photo(`photo of ${source} ${sourceId}`),
    })),
  );
  return rows.map((row, i) => {
    if (row === null) throw new Error(`Expected the photo of ${candidates[i]?.sourceId} to be stored`);
    return row.id;
  });
}

export async function stored(db: Kysely<Database>, pictureId: number, one: NewPhoto): Promise<number> {
  const photoId = await storePhoto(db, pictureId, one);
  if (photoId === null) throw new Error(`Expected the photo ${one.sha256} to be stored`);
  return photoId;
}

/** A collection of the classes n01, n02 and n03 that takes any licence. */
export async function collection(
  db: Kysely<Database>,
  name: string,
  changes: Partial<DecisionScope> = {},
): Promise<DecisionScope> {
  const decisionSha256 = changes.decisionSha256 ?? sha256Of(`rules of ${name}`);
  const { id } = await db
    .insertInto('collection')
    .values({
      name,
      file_sha256: Buffer.from(sha256Of(name), 'hex'),
      decision_sha256: Buffer.from(decisionSha256, 'hex'),
      definition: '{}',
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await linkAll(db, id);
  return { collectionId: id, wnids: ['n01', 'n02', 'n03'], licences: 'any', ...changes, decisionSha256 };
}

export function kept(photoId: number, wnid: string, changes: Partial<NewDecision> = {}): NewDecision {
  return {
    photoId,
    wnid,
    state: 'kept',
    reason: null,
    detail: null,
    maxTrueProb: 0.01,
    isLowerBound: false,
    memberId: null,
    crop: null,
    confusionWnid: 'n03',
    confusionProb: 0.9,
    ...changes,
  };
}

export function dropped(photoId: number, wnid: string, reason: 'correct' | 'confident' = 'correct'): NewDecision {
  return {
    ...kept(photoId, wnid),
    state: 'dropped',
    reason,
    maxTrueProb: 0.6,
    isLowerBound: true,
    crop: 4,
    confusionWnid: null,
    confusionProb: null,
  };
}

export async function decideAs(
  db: Kysely<Database>,
  scope: DecisionScope,
  decisions: readonly NewDecision[],
): Promise<number> {
  return db.transaction().execute((trx) => storeDecisions(trx, scope, decisions));
}

/** Checks that the tally of photos, and its lists of the undecided ones, equal a look at each photo, before and after it is folded. */
export async function expectTally(db: Kysely<Database>, scope: DecisionScope): Promise<void> {
  await expectSameCounts(db, scope);
  const { rows } = await sql<{ id: number }>`
    select distinct photo_id as id from ${judgedPhotos(scope, sql`true`)} as s where state = 'undecided' and not is_pruned order by id`.execute(
    db,
  );
  expect(await undecidedPhotoIds(db, scope, { after: 0, limit: 1_000 })).toEqual(rows.map(({ id }) => id));
  await foldPhotoCounts(db, scope);
  await expectSameCounts(db, scope);
  expect(await dayTallyProblems(db)).toEqual([]);
  expect(await firstCandidateProblems(db)).toEqual([]);
}

async function expectSameCounts(db: Kysely<Database>, scope: DecisionScope): Promise<void> {
  const [tallied, counted] = await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      const { rows } =
        await sql`select count(distinct photo_id) as photos from ${judgedPhotos(scope, sql`true`)} as s`.execute(trx);
      expect(rows).toEqual([{ photos: await countDistinctPhotos(trx, scope) }]);
      return [await readPhotoCounts(trx, scope), await recountPhotos(trx, scope)] as const;
    });
  const sorted = (counts: readonly PhotoCount[]): string[] =>
    counts
      .map(({ wnid, source, queryId, state, reason, listed, isPruned, count }) =>
        JSON.stringify([wnid, source, queryId, state, reason, listed, isPruned, count]),
      )
      .toSorted();
  expect(sorted(tallied)).toEqual(sorted(counted));
}

/** The tables that `emptyCatalogue` empties, each before those that it refers to. */
const TABLES = (
  'shortlist_entry shortlist decision evidence evidence_digest feature leak outside_picture report export_photo ' +
  'evidence_import export_revision quiz_answer quiz_question verdict review_event review_lease review_criteria pause collection_candidate candidate picture photo member class_list ' +
  'collection notice'
).split(' ');
/** The tables of counts that triggers fill. */
const COUNTS = ['candidate_tally', 'photo_scope', 'photo_mark'];

/**
 * Deletes all rows and lets ids begin at 1 again. For the few rows of a test this takes a few milliseconds. `truncate` makes new
 * files for more than a hundred tables and indexes, which takes over a hundred.
 */
export async function emptyCatalogue(db: Kysely<Database>): Promise<void> {
  const list = (tables: readonly string[]): string => `array['${tables.join("', '")}']`;
  await sql
    .raw(
      `do $$
       declare
         name text;
         is_used boolean;
       begin
         foreach name in array ${list([...TABLES, ...COUNTS])} loop
           execute format('select exists (select from %I)', name) into is_used;
           if is_used then
             execute format('delete from %I', name);
           end if;
         end loop;
         perform setval(s.seqrelid, s.seqstart, false)
         from unnest(${list(TABLES)}) as emptied join pg_depend d on d.refobjid = emptied::regclass
         join pg_sequence s on s.seqrelid = d.objid and d.classid = 'pg_class'::regclass
         where d.deptype = 'i' and pg_sequence_last_value(s.seqrelid) is not null;
       end $$`,
    )
    .execute(db);
}

/** The same by `truncate`, as a move and a restore do it. It tests that the counts follow. */
export async function truncateCatalogue(db: Kysely<Database>): Promise<void> {
  await sql`truncate photo, picture, candidate, class_list, member, evidence, collection, decision, shortlist, shortlist_entry, notice
    restart identity cascade`.execute(db);
}

/**
 * The version of every row (the transaction that wrote it) with its content. Equal before and after if nothing was written.
 */
export async function versionsOf(db: Kysely<Database>, table: string): Promise<string[]> {
  const { rows } = await sql<{ version: string }>`
    select t.xmin::text || ' ' || t::text as version from ${sql.table(table)} as t order by t.ctid`.execute(db);
  return rows.map((row) => row.version);
}

/** Stores the photo of one picture. Null if the picture was skipped. */
export async function storePhoto(db: Kysely<Database>, pictureId: number, one: NewPhoto): Promise<number | null> {
  const [row] = await storePhotos(db, [{ pictureId, photo: one }]);
  return row?.id ?? null;
}

/** A member on the CPU, named like its model, over a stored class list. Returns its id. `sigmoid ...`: of the sigmoid kind. */
export async function cpuMember(db: Kysely<Database>, modelName: string, classListId: number): Promise<number> {
  const identity = {
    modelName,
    modelSha256: sha256Of(modelName),
    preprocessing: modelName.startsWith('sigmoid') ? 'v1 sigmoid' : 'v1',
    executionProvider: 'cpu',
  } as const;
  return registerMember(db, identity, classListId);
}
