import { Migrator, type Kysely } from 'kysely';
import type { Database } from '../../src/core/platform/postgres/database.ts';
import { MIGRATIONS } from '../../src/core/platform/postgres/migrations/index.ts';

/** The migration before the one that fills in what allows each licence. */
const OLDER = '0015-references-of-heads';
/** The schema of an older winnow. */
export const OLDER_SCHEMA = Number.parseInt(OLDER, 10);

/** Gives an empty database the tables that an older winnow makes. */
export async function makeOlderSchema(db: Kysely<Database>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
  const { error } = await migrator.migrateTo(OLDER);
  if (error !== undefined) throw new Error('The older tables could not be made', { cause: error });
}
