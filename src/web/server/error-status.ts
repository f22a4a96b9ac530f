import { COLLECTION_FORGOTTEN } from '../../core/collection/collection.repository.ts';
import { codeOf } from '../../core/kernel/errors.ts';
import { CANNOT_UNDO, SEQUENCE_TAKEN } from '../../core/review/events/record-action.process.ts';
import { STALE } from '../../core/review/events/stale.ts';
import { BLIND_GALLERY } from '../../core/review/events/standing-verdicts.repository.ts';
import { QUIZ_REFUSED } from '../../core/review/quiz/quiz.process.ts';
import { STATEMENT_ENDED } from '../../core/platform/postgres/transactions.ts';
import { databaseFailure } from '../../core/runtime/open/database-failure.process.ts';
import { BAD_PHOTO_FILTER } from '../status/gallery.process.ts';
import { BAD_COLLECTION, UNKNOWN_COLLECTION } from './collections.ts';

/** A collection whose file cannot be used is there, and has a problem that its owner must solve. */
const STATUS_OF: ReadonlyMap<string, number> = new Map([
  [COLLECTION_FORGOTTEN, 410],
  [UNKNOWN_COLLECTION, 404],
  [BAD_COLLECTION, 409],
  [CANNOT_UNDO, 409],
  [SEQUENCE_TAKEN, 409],
  [STALE, 409],
  [QUIZ_REFUSED, 409],
  [BAD_PHOTO_FILTER, 400],
  [BLIND_GALLERY, 403],
  ['unknown-licence', 400],
  ['no-shortlist', 409],
  [STATEMENT_ENDED, 503],
]);

/** The HTTP status of the answer to a request that failed. */
export function statusOf(error: unknown): number {
  const known = STATUS_OF.get(codeOf(error) ?? '');
  if (known !== undefined) return known;
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : Number.NaN;
  if (status >= 400 && status < 600) return status;
  // A page sends its data again when the catalogue is back.
  return databaseFailure(error) === null ? 500 : 503;
}
