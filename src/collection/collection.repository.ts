import type { Kysely } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';
import type { Collection } from './collection.ts';

/**
 * Records the collection as its file says it now and returns its id. Decisions made under other rules stay in the
 * catalogue but no longer count: see `decision_sha256`.
 */
export async function registerCollection(db: Kysely<Database>, collection: Collection): Promise<number> {
  const row = {
    name: collection.name,
    file_sha256: Buffer.from(collection.sha256, 'hex'),
    decision_sha256: Buffer.from(collection.decisionSha256, 'hex'),
    definition: JSON.stringify(definitionOf(collection)),
    updated_at: new Date(),
  };
  const { id } = await db
    .insertInto('collection')
    .values(row)
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

function definitionOf({
  name,
  mode,
  classes,
  sources,
  licences,
  ensemble,
  policy,
}: Collection): Record<string, unknown> {
  return { name, mode, classes: classes.wnids, classListSha256: classes.sha256, sources, licences, ensemble, policy };
}
