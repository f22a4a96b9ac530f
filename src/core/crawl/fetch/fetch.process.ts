import type { Kysely } from 'kysely';
import {
  movePicture,
  nextInPartition,
  postponePicture,
  settlePicture,
  storeSignals,
  type FetchScope,
  type PartitionPlace,
  type WaitingPicture,
} from '../candidates/fetch-queue.repository.ts';
import { type Sha256 } from '../../kernel/ids.ts';
import { mapInOrder } from '../../kernel/map-in-order.ts';
import { sha256Of } from '../../tools/sha256.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { PhotoProblem } from '../../kernel/reasons.ts';
import { fileSignal, refusedSignal, type UsageSignal } from '../sources/usage-signals.ts';
import type { FetchPayload } from './fetch.job.ts';
import type { Inspection, InspectionLimits } from '../../platform/image/inspection.ts';
import type { PhotoStore } from '../../photo/photo-store.process.ts';

export type PictureRead =
  | {
      readonly kind: 'bytes';
      readonly bytes: Buffer;
      readonly sha256?: Sha256;
      readonly signals?: readonly UsageSignal[];
      /** Called at most once, when nobody uses the bytes any more. Not called if an error leaves that unknown. */
      readonly giveBack?: () => void;
    }
  | { readonly kind: 'problem'; readonly problem: PhotoProblem; readonly signals?: readonly UsageSignal[] }
  /** The picture is tried again later. */
  | { readonly kind: 'later'; readonly delayMs: number; readonly detail: string }
  /** The host takes no request for now (the next permit is due later, or it sent Retry-After). Its partitions end. */
  | ({ readonly kind: 'host-waits' } & HostWait);

export interface HostWait {
  /** Optional; by default the partition's host. If a redirect leads to another host, the picture joins that host's partitions. */
  readonly host?: string;
  readonly waitMs: number;
  readonly why: string;
  /** True if the site asks for a longer pause than the run waits. */
  readonly isGivenUp?: boolean;
}

export interface FetchDeps {
  readonly db: Kysely<Database>;
  readonly scope: FetchScope;
  read(picture: WaitingPicture): Promise<PictureRead>;
  hold(pictureIds: readonly number[]): Promise<HeldPictures>;
  /** One store for all partitions of a process. */
  readonly photos: PhotoStore;
  readonly limits: InspectionLimits;
  /** The names of the signals that refuse a picture. */
  readonly refusedSignals: readonly string[];
  shouldStop(): boolean;
  onOutcome(outcome: FetchOutcome): void;
  onHostWaits(host: string, wait: HostWait): void;
}

export interface HeldPictures {
  inspect(pictureId: number, bytes: Buffer, limits: InspectionLimits): Promise<Inspection>;
  release(): Promise<void>;
}

export interface FetchOutcome {
  readonly outcome: 'fetched' | 'dropped' | 'failed' | 'later';
  readonly reason: string | null;
  readonly source: string;
  readonly bytes: number;
}

const PICTURES_AT_A_TIME = 32;
/** Pictures of a partition in memory: one is read while those before it are inspected and stored, so the connection stays busy. */
const HELD_AT_ONCE = 4;
/** After a picture of more bytes, the partition waits until it is settled, so that memory holds one such picture for each partition. */
const LARGE_BYTES = 2 ** 20;
/** After this time the partition is queued again, so that other partitions get their turn. */
const TURN_MS = 15_000;

/** Reads the partition's pictures one after the other. While it reads one, it judges, stores and settles up to three earlier ones. */
export async function fetchPartition(
  partition: FetchPayload,
  deps: FetchDeps,
): Promise<{ photoIds: number[]; settled: number }> {
  const done: Done = { photoIds: [], settled: 0 };
  const endMs = performance.now() + TURN_MS;
  let after: PartitionPlace | null = null;
  for (;;) {
    const pictures: WaitingPicture[] = await nextInPartition(deps.db, deps.scope, {
      partition,
      after,
      limit: PICTURES_AT_A_TIME,
    });
    const goesOn = pictures.length > 0 && (await fetchSome(pictures, { partition, endMs, done, deps }));
    if (!goesOn || pictures.length < PICTURES_AT_A_TIME) return done;
    after = pictures.at(-1) ?? null;
  }
}

interface Done {
  readonly photoIds: number[];
  settled: number;
}

interface Fetching {
  readonly partition: FetchPayload;
  /** When the partition must let other partitions run, by `performance.now()`. */
  readonly endMs: number;
  readonly done: Done;
  readonly deps: FetchDeps;
}

/** False once the partition's time is up, its host waits, or the run should end. */
async function fetchSome(
  pictures: readonly WaitingPicture[],
  { partition, endMs, done, deps }: Fetching,
): Promise<boolean> {
  const held = await deps.hold(pictures.map(({ id }) => id));
  let started = 0;
  let hasFailed = false;
  let lastSettled: Promise<unknown> = Promise.resolve();
  async function* reads(): AsyncGenerator<{ picture: WaitingPicture; read: SettlingRead }> {
    for (const picture of pictures) {
      if (hasFailed || deps.shouldStop() || performance.now() > endMs) return;
      const read = await deps.read(picture);
      if (read.kind === 'host-waits') {
        const { host = partition.host } = read;
        deps.onHostWaits(host, read);
        if (host === partition.host) return;
        await movePicture(deps.db, picture.id, host);
        started += 1;
        done.settled += 1;
        continue;
      }
      started += 1;
      yield { picture, read };
      if (read.kind === 'bytes' && read.bytes.length > LARGE_BYTES) await lastSettled;
    }
  }
  try {
    const settled = mapInOrder(reads(), { limit: HELD_AT_ONCE }, ({ picture, read }) => {
      const photoId = settleRead(picture, read, { ...deps, held });
      photoId.catch(() => (hasFailed = true));
      lastSettled = photoId;
      return photoId;
    });
    for await (const photoId of settled) {
      done.settled += 1;
      if (photoId !== null) done.photoIds.push(photoId);
    }
    return started === pictures.length;
  } finally {
    await held.release();
  }
}

type SettlingRead = Exclude<PictureRead, { kind: 'host-waits' }>;
type SettleDeps = FetchDeps & { readonly held: HeldPictures };

async function settleRead(picture: WaitingPicture, read: SettlingRead, deps: SettleDeps): Promise<number | null> {
  if (read.kind === 'bytes') {
    const photoId = await storeBytes(picture, read, deps);
    read.giveBack?.();
    return photoId;
  }
  if (read.kind === 'problem') {
    await storeSignals(deps.db, picture.id, read.signals ?? []);
    return settle(picture, read.problem, deps);
  }
  await postponePicture(deps.db, picture.id, { delayMs: read.delayMs, problem: read.detail });
  deps.onOutcome({ outcome: 'later', reason: null, source: picture.source, bytes: 0 });
  return null;
}

async function storeBytes(
  picture: WaitingPicture,
  read: Extract<PictureRead, { kind: 'bytes' }>,
  deps: SettleDeps,
): Promise<number | null> {
  const { bytes } = read;
  // A folder holds the user's own files, so the size limits do not apply.
  const limits = picture.source === 'folder' ? { ...deps.limits, minSidePixels: 1 } : deps.limits;
  const inspection = await deps.held.inspect(picture.id, bytes, limits);
  const { dataMining = null } = inspection;
  const signals = [...(read.signals ?? []), ...(dataMining === null ? [] : [fileSignal(dataMining)])];
  await storeSignals(deps.db, picture.id, signals);
  if (!inspection.ok) return settle(picture, inspection, deps);
  const refused = refusedSignal(signals, deps.refusedSignals);
  if (refused !== null) return settle(picture, { state: 'dropped', reason: 'opted-out', detail: refused.text }, deps);
  const sha256 = read.sha256 ?? sha256Of(bytes);
  const photo = { ...inspection, sha256, bytes: bytes.length };
  const stored = await deps.photos.store({ pictureId: picture.id, photo, bytes });
  // Another process settled the picture while this one read it.
  if ('overtaken' in stored) return null;
  if ('takenDown' in stored) {
    return settle(picture, { state: 'dropped', reason: 'taken-down', detail: stored.takenDown }, deps);
  }
  if ('placeholder' in stored) {
    deps.onOutcome({ outcome: 'dropped', reason: 'placeholder', source: picture.source, bytes: bytes.length });
    return null;
  }
  deps.onOutcome({ outcome: 'fetched', reason: null, source: picture.source, bytes: bytes.length });
  return stored.photoId;
}

async function settle(picture: WaitingPicture, problem: PhotoProblem, deps: FetchDeps): Promise<null> {
  await settlePicture(deps.db, picture.id, problem);
  deps.onOutcome({ outcome: problem.state, reason: problem.reason, source: picture.source, bytes: 0 });
  return null;
}
