import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import {
  nextInLane,
  postponePicture,
  settlePicture,
  type FetchScope,
  type LanePlace,
  type WaitingPicture,
} from '../candidate/fetch-queue.repository.ts';
import { toSha256, type Sha256 } from '../kernel/ids.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { PhotoProblem } from '../source/source.ts';
import type { FetchPayload } from './fetch.job.ts';
import type { Inspection, InspectionLimits } from './inspection.ts';
import { perceptualHash } from './perceptual-hash.ts';
import type { PhotoStore } from './photo-store.process.ts';

/** What came of reading a picture from where its source keeps it. */
export type PictureRead =
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly sha256?: Sha256 }
  | { readonly kind: 'problem'; readonly problem: PhotoProblem }
  /** This picture may be had later. `isTry` false: nothing was asked for it, so its tries do not count it. */
  | { readonly kind: 'later'; readonly delayMs: number; readonly detail: string; readonly isTry?: boolean }
  /** Nothing can be had from this host for now (a permit that is due later, a Retry-After): the lane ends. */
  | { readonly kind: 'host-waits'; readonly waitMs: number; readonly why: string };

export interface FetchDeps {
  readonly db: Kysely<Database>;
  readonly scope: FetchScope;
  /** Reads a picture; never more than the limit of bytes, never longer than the limits of time. */
  read(picture: WaitingPicture): Promise<PictureRead>;
  inspect(bytes: Buffer, limits: InspectionLimits): Promise<Inspection>;
  /** One for all lanes of a process. */
  readonly photos: PhotoStore;
  readonly limits: InspectionLimits;
  /** True once the run is asked to end: pictures not begun stay waiting. */
  shouldStop(): boolean;
  onOutcome(outcome: FetchOutcome): void;
  onHostWaits(host: string, wait: { readonly waitMs: number; readonly why: string }): void;
}

export interface FetchOutcome {
  readonly outcome: 'fetched' | 'dropped' | 'failed' | 'later';
  /** Why it was dropped or failed; null otherwise. */
  readonly reason: string | null;
  readonly source: string;
  readonly bytes: number;
}

/** Pictures taken from the catalogue at a time. */
const PICTURES_AT_A_TIME = 32;
/** After this a lane gives its place to others and is queued again. */
const TURN_MS = 15_000;

/**
 * One fetch job: the lane's pictures, one after the other, each read, judged by its bytes, stored and settled.
 *
 * @returns ids of the photos that are stored now, and how many pictures were settled
 */
export async function fetchLane(lane: FetchPayload, deps: FetchDeps): Promise<{ photoIds: number[]; settled: number }> {
  const photoIds: number[] = [];
  let settled = 0;
  const endMs = performance.now() + TURN_MS;
  let after: LanePlace | null = null;
  for (;;) {
    const pictures: WaitingPicture[] = await nextInLane(deps.db, deps.scope, {
      lane,
      after,
      limit: PICTURES_AT_A_TIME,
    });
    for (const picture of pictures) {
      after = picture;
      if (deps.shouldStop() || performance.now() > endMs) return { photoIds, settled };
      const read = await deps.read(picture);
      if (read.kind === 'host-waits') {
        deps.onHostWaits(lane.host, read);
        return { photoIds, settled };
      }
      const photoId = await settleRead(picture, read, deps);
      settled += 1;
      if (photoId !== null) photoIds.push(photoId);
    }
    if (pictures.length < PICTURES_AT_A_TIME) return { photoIds, settled };
  }
}

async function settleRead(
  picture: WaitingPicture,
  read: Exclude<PictureRead, { kind: 'host-waits' }>,
  deps: FetchDeps,
): Promise<number | null> {
  if (read.kind === 'bytes') return storeBytes(picture, read, deps);
  if (read.kind === 'problem') return settle(picture, read.problem, deps);
  await postponePicture(deps.db, picture.id, {
    delayMs: read.delayMs,
    problem: read.detail,
    isTry: read.isTry ?? true,
  });
  deps.onOutcome({ outcome: 'later', reason: null, source: picture.source, bytes: 0 });
  return null;
}

async function storeBytes(
  picture: WaitingPicture,
  read: Extract<PictureRead, { kind: 'bytes' }>,
  deps: FetchDeps,
): Promise<number | null> {
  const { bytes } = read;
  const inspection = await deps.inspect(bytes, deps.limits);
  if (!inspection.ok) return settle(picture, inspection, deps);
  const sha256 = read.sha256 ?? toSha256(createHash('sha256').update(bytes).digest('hex'));
  const { format, width, height, exifOrientation, image } = inspection;
  const photo = {
    sha256,
    format,
    width,
    height,
    exifOrientation,
    bytes: bytes.length,
    perceptualHash: perceptualHash(image),
  };
  const stored = await deps.photos.store({ pictureId: picture.id, photo, bytes });
  // Somebody settled the picture while it was read.
  if ('overtaken' in stored) return null;
  if ('takenDown' in stored) {
    return settle(picture, { state: 'dropped', reason: 'taken-down', detail: stored.takenDown }, deps);
  }
  deps.onOutcome({ outcome: 'fetched', reason: null, source: picture.source, bytes: bytes.length });
  return stored.photoId;
}

async function settle(picture: WaitingPicture, problem: PhotoProblem, deps: FetchDeps): Promise<null> {
  await settlePicture(deps.db, picture.id, problem);
  deps.onOutcome({ outcome: problem.state, reason: problem.reason, source: picture.source, bytes: 0 });
  return null;
}
