import type { Kysely } from 'kysely';
import { RetryLater } from '../kernel/errors.ts';
import type { Sha256 } from '../kernel/ids.ts';
import { prunedAmong } from '../photo/pruned.repository.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { EvaluationResult } from './evaluate.process.ts';

/** A photo that has no bytes where they should be. */
export interface LostPhoto {
  readonly photoId: number;
  readonly sha256: Sha256;
  readonly detail: string;
}

/** Those of a batch whose bytes were not there. What was pruned, be it meanwhile, has none for a good reason: it is not lost. */
export async function lostAmong(
  db: Kysely<Database>,
  photos: readonly { readonly photoId: number; readonly sha256: Sha256 }[],
  results: readonly EvaluationResult[],
): Promise<readonly LostPhoto[]> {
  const absent = photos.flatMap(({ photoId, sha256 }, i) => {
    const problem = results[i]?.problem;
    return problem?.kind === 'absent' ? [{ photoId, sha256, detail: problem.detail }] : [];
  });
  const pruned = await prunedAmong(
    db,
    absent.map(({ photoId }) => photoId),
  );
  return absent.filter(({ photoId }) => !pruned.has(photoId));
}

/** No verdict on the photos: a folder may not be mounted, or be the wrong one. */
export function bytesAbsent([first, ...others]: readonly LostPhoto[]): RetryLater {
  const photos = others.length === 0 ? 'the photo' : `${others.length + 1} photos, the first`;
  return new RetryLater(
    `Expected the bytes of ${photos} ${first?.sha256}, but there are none (${first?.detail}): check the data folder (--data) and its disk; \`winnow resume\` has lost bytes fetched again`,
    { code: 'bytes-absent' },
  );
}
