import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import pLimit from 'p-limit';
import { settlePicture, waitingPictures, type WaitingPicture } from '../candidate/candidate.repository.ts';
import { toSha256, type Sha256 } from '../kernel/ids.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { PhotoProblem } from '../source/source.ts';
import type { FetchPayload } from './fetch.job.ts';
import type { Inspection, InspectionLimits } from './inspection.ts';
import { perceptualHash } from './perceptual-hash.ts';
import { storePhoto } from './photo.repository.ts';

/** Bytes of a picture, or why they could not be had. */
export type PictureBytes = { readonly ok: true; readonly bytes: Buffer } | ({ readonly ok: false } & PhotoProblem);

export interface FetchDeps {
  readonly db: Kysely<Database>;
  /** Reads a picture from where its source keeps it; never more than the limit of bytes. */
  read(picture: WaitingPicture): Promise<PictureBytes>;
  inspect(bytes: Buffer, limits: InspectionLimits): Promise<Inspection>;
  readonly blobs: { put(sha256: Sha256, bytes: Buffer): Promise<void> };
  readonly limits: InspectionLimits;
  /** Pictures at once. */
  readonly connections: number;
  /** True once the run is asked to end: pictures not begun stay waiting. */
  shouldStop(): boolean;
  onOutcome(outcome: 'fetched' | 'dropped' | 'failed'): void;
}

/**
 * One fetch job: every picture of the page that still waits is read, judged by its bytes, stored and settled.
 * Bytes come before rows, so a row always has its bytes; a crash in between leaves bytes that the next run finds.
 *
 * @returns ids of the photos that are stored now
 */
export async function fetchPage({ page }: FetchPayload, deps: FetchDeps): Promise<number[]> {
  const limit = pLimit(deps.connections);
  const pictures = await waitingPictures(deps.db, page);
  const photoIds = await Promise.all(
    pictures.map((picture) => limit(() => (deps.shouldStop() ? null : fetchOne(picture, deps)))),
  );
  return photoIds.filter((id) => id !== null);
}

async function fetchOne(picture: WaitingPicture, deps: FetchDeps): Promise<number | null> {
  const read = await deps.read(picture);
  if (!read.ok) return settle(picture, read, deps);
  const inspection = await deps.inspect(read.bytes, deps.limits);
  if (!inspection.ok) return settle(picture, inspection, deps);
  const sha256 = toSha256(createHash('sha256').update(read.bytes).digest('hex'));
  await deps.blobs.put(sha256, read.bytes);
  const { format, width, height, exifOrientation, image } = inspection;
  const photo = {
    sha256,
    format,
    width,
    height,
    exifOrientation,
    bytes: read.bytes.length,
    perceptualHash: perceptualHash(image),
  };
  const photoId = await storePhoto(deps.db, picture.id, photo);
  deps.onOutcome('fetched');
  return photoId;
}

async function settle(picture: WaitingPicture, outcome: PhotoProblem, deps: FetchDeps): Promise<null> {
  await settlePicture(deps.db, picture.id, outcome);
  deps.onOutcome(outcome.state);
  return null;
}
