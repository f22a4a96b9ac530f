import { sql, type Kysely } from 'kysely';
import { CANDIDATE_TALLY } from './0001-initial/candidate-tally.ts';
import { CRAWL } from './0001-initial/crawl.ts';
import { DECISIONS } from './0001-initial/decisions.ts';
import { EVIDENCE } from './0001-initial/evidence.ts';
import { IN_FLIGHT } from './0001-initial/in-flight.ts';
import { PHOTO_TALLY } from './0001-initial/photo-tally.ts';
import { PHOTOS } from './0001-initial/photos.ts';
import { REFERENCES } from './0001-initial/references.ts';

/** Each list may refer to tables of the lists before it. */
const STATEMENTS = [CRAWL, PHOTOS, EVIDENCE, DECISIONS, REFERENCES, IN_FLIGHT, CANDIDATE_TALLY, PHOTO_TALLY].flat();

/** Creates the whole catalogue. ARCHITECTURE.md explains each record in one line. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
