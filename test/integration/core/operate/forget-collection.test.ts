import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  contentOfCollection,
  forgetCollection,
} from '../../../../src/core/operate/upkeep/forget-collection.repository.ts';
import { rulesHold } from '../../../../src/core/collection/collection.repository.ts';
import { pauseStages, readPauses } from '../../../../src/core/collection/pause.repository.ts';
import { forgetWalks, openWalk } from '../../../../src/core/crawl/sources/open-data/walk.repository.ts';
import { storeDecisions } from '../../../../src/core/filter/run/decision.repository.ts';
import { lockLeaks, restoreDecisions } from '../../../../src/core/filter/run/overrule.repository.ts';
import { photosNeeded } from '../../../../src/core/filter/prune/retention.repository.ts';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';
import {
  candidate,
  collection,
  decideAs,
  dropped,
  emptyCatalogue,
  expectTally,
  fetched,
  kept,
} from '../../../support/catalogue-fixtures.ts';

const database = useDatabase();
beforeEach(() => emptyCatalogue(database.db));

async function ofClass(name: string): Promise<DecisionScope> {
  const { db } = database;
  const scope = await collection(db, name, { wnids: ['n01'] });
  const definition = JSON.stringify({ mode: 'A', classes: ['n01'], licences: 'any' });
  await db.updateTable('collection').set({ definition }).where('id', '=', scope.collectionId).execute();
  return scope;
}

const TABLES = [
  'decision',
  'shortlist',
  'shortlist_entry',
  'pause',
  'review_criteria',
  'review_lease',
  'collection_candidate',
] as const;

async function countOf(table: (typeof TABLES)[number], id: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${sql.table(table)} where collection_id = ${id}`.execute(database.db);
  return rows[0]?.count ?? 0;
}

async function shortlist(scope: DecisionScope): Promise<void> {
  const policy = { cap: 5, nearDuplicateDistance: 0, nearDuplicateCosine: null };
  await buildShortlist(database.db, scope, { policy, backboneId: null });
}

describe('forgetting a collection', () => {
  it('releases photos that only this collection holds, and keeps everything of other collections', async () => {
    const { db } = database;
    const [old, other] = [await ofClass('old'), await ofClass('other')];
    const its = await fetched(db, [candidate('its')], 'its');
    const both = await fetched(db, [candidate('both')], 'both');
    await decideAs(db, old, [kept(its, 'n01'), kept(both, 'n01')]);
    await decideAs(db, other, [dropped(its, 'n01'), kept(both, 'n01')]);
    for (const scope of [old, other]) await shortlist(scope);
    await pauseStages(db, { stages: ['filter'], collectionId: old.collectionId, by: 'me', endWorkers: false });
    await sql`insert into review_criteria (collection_id, text, changed_by) select id, 'any', 'me' from collection`.execute(
      db,
    );
    await sql`insert into review_lease select id, 'n01', '\\x00', 'ann', 'tab', now() from collection`.execute(db);
    for (const name of ['old', 'other']) await openWalk(db, { collection: name, inputsSha256: sha256Of(name) }, {});
    await expectTally(db, old);
    const needed = async (): Promise<unknown> => [
      ...(await db.transaction().execute((trx) => photosNeeded(trx, [its, both]))),
    ];
    expect(await needed()).toEqual(expect.arrayContaining([its, both]));
    const content = { decisions: 2, kept: 2, listed: 2, pauses: 1 };
    expect(await contentOfCollection(db, 'old')).toMatchObject(content);
    expect(await countOf('decision', old.collectionId)).toBe(2);
    expect(await forgetCollection(db, 'old', false)).toMatchObject(content);
    for (const table of TABLES) expect(await countOf(table, old.collectionId), table).toBe(0);
    expect([
      await countOf('review_criteria', other.collectionId),
      await countOf('review_lease', other.collectionId),
    ]).toEqual([1, 1]);
    expect(await needed()).toEqual([both]);
    expect(await db.selectFrom('open_data_walk').select('collection').execute()).toEqual([{ collection: 'other' }]);
    await db.transaction().execute((trx) => forgetWalks(trx, 'other'));
    expect(await contentOfCollection(db, 'other')).toMatchObject({ decisions: 2, kept: 1, listed: 1, pauses: 0 });
    await expectTally(db, other);
    expect(await db.selectFrom('photo').select('id').execute()).toHaveLength(2);
  });

  it('refuses an unknown name and lists the known ones', async () => {
    const { db } = database;
    await ofClass('dragonflies');
    const refusal = {
      code: 'unknown-collection',
      message: expect.stringMatching(/\(dragonflies\) .*'dragonfly'.*mean/),
    };
    await expect(contentOfCollection(db, 'dragonfly')).rejects.toMatchObject(refusal);
    await expect(forgetCollection(db, 'dragonfly', false)).rejects.toMatchObject(refusal);
  });

  it('waits for a page that a filter stores, removes that page as well, and ends filter and shortlist', async () => {
    const { db } = database;
    const old = await ofClass('old');
    const id = await fetched(db, [candidate('its')], 'its');
    const { forgetting } = await db.transaction().execute(async (trx) => {
      expect(await rulesHold(trx, old)).toBe(true);
      const started = forgetCollection(db, 'old', false);
      await expect.poll(waiting, { timeout: 10_000 }).toBe(1);
      await storeDecisions(trx, old, [kept(id, 'n01')]);
      return { forgetting: started };
    });
    expect(await forgetting).toMatchObject({ decisions: 1 });
    expect(await db.transaction().execute((trx) => rulesHold(trx, old))).toBe(false);
    await expect(shortlist(old)).rejects.toMatchObject({ code: 'collection-forgotten' });
  });

  it('waits for a process that removes a reference set and restores its decisions', async () => {
    const { db } = database;
    const old = await ofClass('old');
    const id = await fetched(db, [candidate('its')], 'its');
    await decideAs(db, old, [kept(id, 'n01')]);
    await sql`
      update decision d set overruled = to_jsonb(d) - 'overruled', state = 'dropped', reason = 'in-reference-set',
        member_id = null, crop = null, confusion_wnid = null, confusion_prob = null`.execute(db);
    const { forgetting } = await db.transaction().execute(async (trx) => {
      await lockLeaks(trx);
      const started = forgetCollection(db, 'old', false);
      await expect.poll(waiting, { timeout: 10_000 }).toBe(1);
      expect(await restoreDecisions(trx)).toEqual({ restored: 1, undecided: 0 });
      return { forgetting: started };
    });
    expect(await forgetting).toMatchObject({ decisions: 1, kept: 1 });
  });

  it('refuses to pause a collection that is being forgotten, and can pause all others', async () => {
    const { db } = database;
    const { collectionId } = await ofClass('old');
    await forgetCollection(db, 'old', false);
    const order = { stages: ['filter'] as const, by: 'me', endWorkers: false };
    await expect(pauseStages(db, { ...order, collectionId })).rejects.toMatchObject({ code: 'collection-forgotten' });
    await pauseStages(db, { ...order, collectionId: null });
    expect(await readPauses(db, null)).toMatchObject([{ stage: 'filter', collection: null }]);
  });
});

async function waiting(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like any (array['%from "collection"%', '%advisory%'])`.execute(
    database.db,
  );
  return rows[0]?.count ?? 0;
}
