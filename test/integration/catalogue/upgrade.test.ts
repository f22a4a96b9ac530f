import { Migrator, sql, type Kysely } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decisionSha256Of } from '../../../src/app/open/workspace.ts';
import { undecidedPhotoIds } from '../../../src/decision/decision.repository.ts';
import { readEvidence, registerClassList, registerMember } from '../../../src/evidence/evidence.repository.ts';
import type { MemberIdentity } from '../../../src/evidence/member.ts';
import { readFineHashes } from '../../../src/photo/photo.repository.ts';
import { setsWithoutFineHashes } from '../../../src/photo/reference-set.repository.ts';
import type { Database } from '../../../src/platform/postgres/database.ts';
import { MIGRATIONS } from '../../../src/platform/postgres/migrations/index.ts';
import { openDatabase, openPool } from '../../../src/platform/postgres/open-database.ts';
import { applicationName, createDatabase, dropDatabase } from '../../support/database.ts';
import { sha256Of } from '../../support/sha256.ts';

const CLASSES = ['n01', 'n02'];
const RULES = { rulesSha256: sha256Of('rules') };
const ON_CPU: MemberIdentity = {
  modelName: 'one',
  modelSha256: sha256Of('one'),
  preprocessing: 'v1',
  executionProvider: 'cpu',
};

/** As an older version of winnow made decisions count: the execution provider had no part in it. */
const DECIDED_UNDER = sha256Of(JSON.stringify([RULES.rulesSha256, [`${sha256Of('one')} v1`]]));

/** A catalogue as migration 0018 left it: a kept photo with evidence, which is a leak of a reference set, too. */
const ROWS = [
  `insert into class_list (sha256, wnids) values (decode('${sha256Of('list')}', 'hex'), '{n01,n02}')`,
  `insert into member (model_sha256, model_name, preprocessing, class_list_id)
     values (decode('${sha256Of('one')}', 'hex'), 'one', 'v1', 1)`,
  `insert into photo (sha256, format, width, height, bytes, exif_orientation, perceptual_hash)
     values (decode('${sha256Of('photo')}', 'hex'), 'jpeg', 640, 480, 1000, 1, decode('00000000000000ff', 'hex'))`,
  `insert into picture (source, source_id, url, licence, state, photo_id) values ('folder', 'a', 'file:///a', 'unknown', 'fetched', 1)`,
  `insert into candidate (picture_id, wnid) values (1, 'n01')`,
  `insert into evidence (photo_id, member_id, crop, top1, top1_prob, true_classes, true_probs) values (1, 1, 4, 1, 0.9, '{0}', '{0.1}')`,
  `insert into collection (name, file_sha256, decision_sha256, definition)
     values ('birds', decode('${sha256Of('file')}', 'hex'), decode('${DECIDED_UNDER}', 'hex'), '{}')`,
  `insert into decision (collection_id, photo_id, wnid, state, is_lower_bound, decision_sha256)
     values (1, 1, 'n01', 'kept', false, decode('${DECIDED_UNDER}', 'hex'))`,
  `insert into reference_set (folder, purpose, distance, completed_at) values ('/pictures', 'leaks', 6, now())`,
  `insert into reference_picture (set_id, path, bytes, changed_us, sha256, perceptual_hash, walk)
     values (1, 'a.jpg', 1, 1, decode('${sha256Of('reference')}', 'hex'), decode('00000000000000ff', 'hex'), 1)`,
  `insert into leak (photo_id, set_id, picture_id, distance) values (1, 1, 1, 0)`,
];

/** A database at that migration with these rows; its URL. */
async function olderCatalogue(): Promise<string> {
  const url = await createDatabase('nothing');
  onTestFinished(() => dropDatabase(url));
  const db = openPool(optionsOf(url));
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
    const { error } = await migrator.migrateTo('0018-ended-walks');
    expect(error).toBeUndefined();
    for (const row of ROWS) await sql.raw(row).execute(db);
  } finally {
    await db.destroy();
  }
  return url;
}

function optionsOf(url: string): Parameters<typeof openDatabase>[0] {
  return {
    url,
    applicationName: applicationName(),
    poolSize: 2,
    onConnectionLost(error) {
      throw error;
    },
  };
}

async function upgraded(check: (db: Kysely<Database>) => Promise<void>): Promise<void> {
  const db = await openDatabase(optionsOf(await olderCatalogue()));
  try {
    await check(db);
  } finally {
    await db.destroy();
  }
}

describe('a catalogue of an older version', () => {
  it("keeps its evidence and its decisions: they are the processor's", async () => {
    await upgraded(async (db) => {
      const list = await registerClassList(db, sha256Of('list'), CLASSES);
      const memberId = await registerMember(db, ON_CPU, list);
      const [[cells = []] = []] = (await readEvidence(db, [1], [memberId])).values();
      expect(cells[4]).toMatchObject({ top1: 1, top1Prob: 0.9 });
      const decisionSha256 = decisionSha256Of(RULES, { identities: [ON_CPU] });
      const scope = { collectionId: 1, decisionSha256, wnids: CLASSES, licences: 'any' as const };
      expect(await undecidedPhotoIds(db, scope, { after: 0, limit: 9 })).toEqual([]);

      const onCuda = { ...ON_CPU, executionProvider: 'cuda' as const };
      expect(await registerMember(db, onCuda, list)).not.toBe(memberId);
      const ofCuda = { ...scope, decisionSha256: decisionSha256Of(RULES, { identities: [onCuda] }) };
      expect(await undecidedPhotoIds(db, ofCuda, { after: 0, limit: 9 })).toEqual([1]);
    });
  });

  it('takes no member that does not say where it runs', async () => {
    await upgraded(async (db) => {
      const nowhere = sql`insert into member (model_sha256, model_name, preprocessing, class_list_id)
        select model_sha256, model_name, 'v2', class_list_id from member`;
      await expect(nowhere.execute(db)).rejects.toThrow('execution_provider');
    });
  });

  it('has leaks that no finer hash has confirmed, and asks for its reference sets to be added again', async () => {
    await upgraded(async (db) => {
      expect(await db.selectFrom('leak').select(['photo_id', 'is_confirmed']).execute()).toEqual([
        { photo_id: 1, is_confirmed: false },
      ]);
      expect(await readFineHashes(db, [sha256Of('photo')])).toEqual({
        known: new Map(),
        computable: [sha256Of('photo')],
      });
      expect(await setsWithoutFineHashes(db)).toEqual([{ folder: '/pictures', distance: 6, withoutFineHash: 1 }]);
    });
  });
});
