import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { groupBy } from '../../kernel/group-by.ts';
import { photosByFile } from '../../photo/takedown.repository.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { deriveVerdicts } from '../events/derive-verdicts.process.ts';
import { subjectKey, subjectsOf, type NewReviewEvent, type ReviewEvent, type Subject } from '../events/event.ts';
import { eventsOf, insertEvents, listedAmong, lockBulks, lockSubjects } from '../events/review.repository.ts';
import type { ImportedVerdict } from './imported-verdict.ts';
import { isJudging, verdictOf, type Review } from '../events/verdict.ts';

/** A row that contradicts its reviewer's stored verdict. The stored verdict stays. */
export interface ImportConflict {
  readonly row: ImportedVerdict;
  readonly stored: Pick<Review, 'verdict' | 'reason'>;
}

/** `rows = imported + known + conflicts + not listed`, always. */
export interface ImportResult {
  readonly imported: number;
  /** Rows that repeat their reviewer's stored verdict; with `onlyUnjudged` all rows about photos with a verdict. */
  readonly known: number;
  readonly conflicts: readonly ImportConflict[];
  readonly notListed: readonly ImportedVerdict[];
}

interface ImportScope {
  readonly collectionId: number;
  /** Leaves out the photos that have or had a verdict, also one that was taken back. */
  readonly onlyUnjudged?: boolean;
}

/**
 * Each verdict becomes the review of its reviewer, all in one transaction. A photo may also be named by the hash of an
 * exported file. Stored verdicts are never overwritten, so importing a file again changes nothing.
 */
export async function importVerdicts(
  db: Kysely<Database>,
  { collectionId, onlyUnjudged = false }: ImportScope,
  given: readonly ImportedVerdict[],
): Promise<ImportResult> {
  return db.transaction().execute(async (trx) => {
    const photos = await photosByFile(trx, [...new Set(given.map(({ sha256 }) => sha256))]);
    const rows = given.map((row) => ({ ...row, sha256: photos.get(row.sha256) ?? row.sha256 }));
    const listed = new Set((await listedAmong(trx, collectionId, subjectsOf(rows))).map(subjectKey));
    const usable = rows.filter((row) => listed.has(subjectKey(row)));
    const subjects = subjectsOf(usable);
    await lockBulks(trx, collectionId);
    await lockSubjects(trx, collectionId, subjects);
    const events = await eventsOf(trx, collectionId, subjects);
    const said = saidBefore(events);
    const closed = new Set(onlyUnjudged ? events.filter(isJudging).map(subjectKey) : []);
    const fresh: ImportedVerdict[] = [];
    const conflicts: ImportConflict[] = [];
    for (const row of usable) {
      if (closed.has(subjectKey(row))) continue;
      const key = reviewKey(row);
      const stored = said.get(key);
      if (stored === undefined) {
        fresh.push(row);
        said.set(key, row);
      } else if (stored.verdict !== row.verdict || stored.reason !== row.reason) {
        conflicts.push({ row, stored });
      }
    }
    await insertEvents(trx, collectionId, eventsFrom(fresh));
    await deriveVerdicts(trx, collectionId, subjects);
    const known = usable.length - fresh.length - conflicts.length;
    return { imported: fresh.length, known, conflicts, notListed: rows.filter((row) => !listed.has(subjectKey(row))) };
  });
}

const reviewKey = ({ sha256, wnid, reviewer }: Subject & { readonly reviewer: string }): string =>
  `${sha256} ${wnid} ${reviewer}`;

function saidBefore(events: readonly ReviewEvent[]): Map<string, Pick<Review, 'verdict' | 'reason'>> {
  const said = new Map<string, Pick<Review, 'verdict' | 'reason'>>();
  for (const [, ofPhoto] of groupBy(events, subjectKey)) {
    const [first] = ofPhoto;
    for (const review of verdictOf(ofPhoto).reviews)
      if (first !== undefined) said.set(reviewKey({ ...first, ...review }), review);
  }
  return said;
}

function eventsFrom(rows: readonly ImportedVerdict[]): NewReviewEvent[] {
  const client = `import ${randomUUID()}`;
  return rows.map(({ sha256, wnid, reviewer, verdict, reason, note, at }, i) => {
    const value = { verdict, reason, note };
    const event = { sha256, wnid, reviewer, client, sequence: i + 1, kind: 'import', value, undoes: null } as const;
    return at === undefined ? event : { ...event, at };
  });
}
