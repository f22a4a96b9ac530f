import { createHash } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import { expect, it } from 'vitest';
import { openEnsemble } from '../../../../src/core/models/engine/ensemble.process.ts';
import { decisionSha256Of } from '../../../../src/core/models/workspace/workspace.process.ts';
import { usableCollection } from '../../../../src/core/collection/collection.process.ts';
import { registerCollection } from '../../../../src/core/collection/collection.repository.ts';
import { identityText } from '../../../../src/core/models/evidence/member.ts';
import type { Database } from '../../../../src/core/platform/postgres/database.ts';
import { migrate, migrateUpTo, openPool } from '../../../../src/core/platform/postgres/open-database.ts';
import { applicationName, createDatabase, dropDatabase } from '../../../support/database.ts';
import { photo } from '../../../support/catalogue-fixtures.ts';

const NAMES = ['demo', 'imagenet-o'] as const;

it.each(NAMES)('decisions of %s that were made on cuda count on every machine after the migration', async (name) => {
  const { collection } = await usableCollection(name);
  const url = await createDatabase('nothing');
  const db = openPool({ url, applicationName: applicationName(), poolSize: 2, onConnectionLost: () => undefined });
  try {
    await migrateUpTo(db, '0008-activity');
    const { identities, memberIds } = await openEnsemble(db, collection);
    // An older winnow registered the members only for the provider on which they ran.
    await sql`update member set execution_provider = 'cuda'`.execute(db);
    const onCuda = identities.map((identity) => `${identityText(identity)} cuda`).toSorted();
    const before = createHash('sha256')
      .update(JSON.stringify([collection.rulesSha256, onCuda]))
      .digest('hex');
    const id = await registerCollection(db, collection, { decisionSha256: before, memberIds });
    const photoId = await storedByOlder(db);
    await sql`
      insert into decision (collection_id, photo_id, wnid, state, reason, is_lower_bound, member_id, decision_sha256)
      values (${id}, ${photoId}, 'n01', 'dropped', 'correct', false, ${memberIds[0]}, decode(${before}, 'hex')),
        (${id}, ${photoId}, 'n02', 'kept', null, false, null, '\\x00')`.execute(db);
    await migrate(db);
    const now = decisionSha256Of(collection, { identities });
    const ensemble = await openEnsemble(db, collection);
    expect(ensemble.memberIds).not.toEqual(memberIds);
    const { rows } = await sql`
      select encode(d.decision_sha256, 'hex') as hash, d.member_id as member, encode(k.decision_sha256, 'hex') as rules,
        k.definition -> 'memberIds' as members
      from decision d join collection k on k.id = d.collection_id order by d.wnid`.execute(db);
    const collectionRow = { rules: now, members: ensemble.memberIds };
    expect(rows).toEqual([
      { hash: now, member: ensemble.memberIds[0], ...collectionRow },
      { hash: '00', member: null, ...collectionRow },
    ]);
  } finally {
    await db.destroy();
    await dropDatabase(url);
  }
});

/** Stores a photo without its candidate, because an older winnow stores candidates in other tables. */
async function storedByOlder(db: Kysely<Database>): Promise<number> {
  const { sha256, perceptualHash, fineHash } = photo('A');
  const { rows } = await sql<{ id: number }>`
    insert into photo (sha256, format, width, height, bytes, exif_orientation, perceptual_hash, fine_hash)
    values (decode(${sha256}, 'hex'), 'jpeg', 500, 400, 1000, 1, decode(${perceptualHash}, 'hex'), decode(${fineHash}, 'hex'))
    returning id`.execute(db);
  return rows[0]?.id ?? -1;
}
