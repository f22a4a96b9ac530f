import type { Kysely } from 'kysely';
import { LOST_BYTES_CURE } from '../../kernel/blobs.ts';
import { RetryLater } from '../../kernel/errors.ts';
import { prunedAmong } from '../../photo/pruned.repository.ts';
import type { LostPhoto } from '../../photo/lost-bytes.process.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { EvaluatedInBatch } from './evaluate-batch.process.ts';

/** The photos of a batch whose bytes are lost. Pruned photos lack their bytes on purpose, so they are not lost. */
export async function lostEvaluated(
  db: Kysely<Database>,
  evaluated: readonly Pick<EvaluatedInBatch, 'photo' | 'problem'>[],
): Promise<readonly LostPhoto[]> {
  const absent = evaluated.flatMap(({ photo: { photoId, sha256 }, problem }) =>
    problem?.kind === 'absent' ? [{ photoId, sha256, detail: problem.detail }] : [],
  );
  const pruned = await prunedAmong(
    db,
    absent.map(({ photoId }) => photoId),
  );
  return absent.filter(({ photoId }) => !pruned.has(photoId));
}

/** This does not judge the photos: a folder may not be mounted, or be the wrong one. */
export function bytesAbsent([first, ...others]: readonly LostPhoto[]): RetryLater {
  const photos = others.length === 0 ? 'the photo' : `${others.length + 1} photos such as`;
  return new RetryLater(
    `The bytes of ${photos} ${first?.sha256} are lost (${first?.detail}): check the data folder (--data) and its disk; ${LOST_BYTES_CURE}`,
    { code: 'bytes-absent' },
  );
}
