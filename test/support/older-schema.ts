import { Migrator, type Kysely } from 'kysely';
import type { Database } from '../../src/platform/postgres/database.ts';
import { MIGRATIONS } from '../../src/platform/postgres/migrations/index.ts';
import { KNOWN_SCHEMA } from '../../src/platform/postgres/schema.ts';

/** The schema of the winnow before this one. */
export const OLDER_SCHEMA = KNOWN_SCHEMA - 1;

/** Gives an empty database the tables that an older winnow makes. */
export async function makeOlderSchema(db: Kysely<Database>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
  const { error } = await migrator.migrateTo(Object.keys(MIGRATIONS)[OLDER_SCHEMA - 1] ?? '');
  if (error !== undefined) throw new Error('The older tables could not be made', { cause: error });
}
