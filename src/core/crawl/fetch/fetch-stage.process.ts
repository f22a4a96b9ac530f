import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import {
  countWaitingPictures,
  firstRetry,
  waitingHosts,
  type FetchScope,
  type WaitingPicture,
} from '../candidates/fetch-queue.repository.ts';
import { steadyClock } from '../../kernel/clock.ts';
import { fetchJob, type FetchPayload } from './fetch.job.ts';
import { fetchPartition, type FetchDeps, type FetchOutcome, type HostWait, type PictureRead } from './fetch.process.ts';
import { openPhotoStore, type PhotoStoreDeps } from '../../photo/photo-store.process.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { requireStore } from '../../photo/lost-bytes.process.ts';
import { inspect } from '../../photo/inspect.process.ts';
import type { Stage, StageDefinition, StageOptions } from '../../runtime/work/stage-definition.ts';
import { startStage } from '../../runtime/work/stage.process.ts';
import { HostRounds } from './host-rounds.ts';
import type { NetworkGone } from '../network/host-gate.process.ts';
import { NetworkPictures } from './network-pictures.process.ts';
import type { Inspection } from '../../platform/image/inspection.ts';
import { deathsText } from '../../platform/child/suspicion.ts';
import { InFlightItems } from '../../runtime/work/in-flight.process.ts';
import type { InspectionRequest } from './solo-inspect.process.ts';
import { sha256Of } from '../../tools/sha256.ts';
import { unreadablePhoto } from '../sources/source.ts';
import { bytePathOf, pathOfFileUrl } from '../sources/folder/byte-path.ts';
import { useFile } from '../sources/folder/file-system.process.ts';

export interface FetchStageOptions extends StageOptions {
  readonly scope: FetchScope;
  readonly neededOf: NonNullable<PhotoStoreDeps['neededOf']>;
  readonly onOutcome: (outcome: FetchOutcome) => void;
  readonly onHostWaits: (host: string, wait: HostWait) => void;
  /** Optional; without it, a long-running worker waits for networks and hosts as long as it takes. */
  readonly onGivenUp?: {
    /** No host answers for `crawl.giveUpAfterMs`. */
    readonly network: (gone: NetworkGone) => Promise<void>;
    /** The host asks for a pause of more than `crawl.giveUpAfterMs`. It is not asked again. */
    readonly host: (host: string, wait: HostWait) => void;
  };
}

/** How often partitions are queued for new hosts and for hosts that have waited. */
const REQUEUE_EVERY_MS = 500;
/** Photos that are inspected at the same time, per processor. Two, because each waits for the main thread in between. */
const INSPECTIONS_PER_PROCESSOR = 2;
/** Hosts that are queued at a time for each connection, so that a connection always finds another host. */
const HOSTS_PER_CONNECTION = 16;
/** Partitions for files on disk. More would only make the disk seek. */
const DISK_PARTITIONS = 8;

export async function startFetch(app: App, options: FetchStageOptions): Promise<Stage> {
  // Checked before anything is downloaded.
  await app.blobs.check();
  await requireStore(app);
  const needsNetwork = 'allBut' in options.scope.sources || options.scope.sources.some((source) => source !== 'folder');
  const { onGivenUp } = options;
  const patience = {
    giveUpAfterMs: onGivenUp === undefined ? null : app.config.crawl.giveUpAfterMs,
    onNetworkGone: async (gone: NetworkGone) => onGivenUp?.network(gone),
  };
  const network = needsNetwork ? new NetworkPictures(app, options.signal, patience) : null;
  return startStage(app, definitionOf(app, options, { network, inspection: crashSafeInspection(app) }), options);
}

function definitionOf(
  app: App,
  options: FetchStageOptions,
  parts: { readonly network: NetworkPictures | null; readonly inspection: CrashSafeInspection },
): StageDefinition<FetchPayload> {
  const { db } = app;
  const { connections, connectionsPerHost } = app.config.fetch;
  const resting = new RestingHosts();
  const { network, inspection } = parts;
  const isResting = (host: string): boolean => resting.isResting(host) || (host !== '' && network?.isGone === true);
  const remaining = (): FetchScope => {
    return { ...scopeLeft(options.scope, network?.isGone === true), exceptHosts: [...resting.givenUp] };
  };
  const deps = fetchDeps(app, options, { ...parts, resting });
  const walk = (): Promise<string[]> => waitingHosts(db, deps.scope);
  const rounds = new HostRounds(walk, HOSTS_PER_CONNECTION * connections);
  const partitionsOf = (host: string): FetchPayload[] => {
    const partitions = host === '' ? Math.min(DISK_PARTITIONS, connections) : connectionsPerHost;
    return Array.from({ length: partitions }, (_, partition) => ({ host, partition, partitions }));
  };
  return {
    name: 'fetch',
    job: fetchJob,
    pausedAs: { stage: 'fetch', collectionId: options.scope.collectionId },
    concurrency: connections,
    async handle(partition, job) {
      const shouldStop = (): boolean => deps.shouldStop() || job.shouldStop();
      const onOutcome = (outcome: FetchOutcome): void => {
        job.count({ ...outcome, count: 1 });
        deps.onOutcome(outcome);
      };
      const { photoIds, settled } = await fetchPartition(partition, { ...deps, shouldStop, onOutcome });
      return { moved: settled > 0, handOn: photoIds };
    },
    subjectOf: ({ host }) => ({ host }),
    // The next requeue, within half a second, finds the hosts of new pictures.
    jobsFor: () => [],
    async *workable() {
      yield (await rounds.next(isResting)).flatMap(partitionsOf);
    },
    countLeft: () => countWaitingPictures(db, deps.scope),
    isAnyLeft: async () => (await countWaitingPictures(db, remaining(), 1)) > 0,
    waitingUntil: async () => resting.firstEnd() ?? (await firstRetry(db, remaining())),
    requeueEveryMs: REQUEUE_EVERY_MS,
    async close() {
      network?.close();
      await inspection.close();
    },
  };
}

/** Without a network only the files of a folder are left. */
function scopeLeft(scope: FetchScope, isNetworkGone: boolean): FetchScope {
  if (!isNetworkGone || 'allBut' in scope.sources) return scope;
  return { ...scope, sources: scope.sources.filter((source) => source === 'folder') };
}

function fetchDeps(
  { db, blobs, config }: App,
  options: FetchStageOptions,
  {
    network,
    inspection,
    resting,
  }: { network: NetworkPictures | null; inspection: CrashSafeInspection; resting: RestingHosts },
): FetchDeps {
  const { maxPixels, minSidePixels, maxAspectRatio, maxBytes } = config.fetch;
  return {
    db,
    photos: openPhotoStore({ db, blobs, neededOf: options.neededOf, sameBytesLimit: config.crawl.sameBytesLimit }),
    scope: options.scope,
    async read(picture) {
      if (picture.source === 'folder') return readFolderPicture(picture, maxBytes);
      if (network === null) throw new Error(`Expected a network client for the source ${picture.source}`);
      return network.read(picture);
    },
    hold: inspection.hold,
    limits: { maxPixels, minSidePixels, maxAspectRatio: maxAspectRatio ?? Number.POSITIVE_INFINITY },
    refusedSignals: config.crawl.signals,
    shouldStop: () => options.signal.aborted,
    onOutcome: options.onOutcome,
    onHostWaits(host, wait) {
      if (wait.isGivenUp === true) {
        resting.givenUp.add(host);
        options.onGivenUp?.host(host, wait);
      } else {
        resting.rest(host, wait.waitMs);
        options.onHostWaits(host, wait);
      }
    },
  };
}

/** Hosts whose next permit is due too late to wait for. Their partitions are not queued until then, or in this run. */
class RestingHosts {
  readonly givenUp = new Set<string>();
  readonly #untilMs = new Map<string, number>();

  rest(host: string, waitMs: number): void {
    this.#untilMs.set(host, Math.max(this.#untilMs.get(host) ?? 0, steadyClock.nowMs() + waitMs));
  }

  isResting(host: string): boolean {
    if (this.givenUp.has(host)) return true;
    const untilMs = this.#untilMs.get(host);
    if (untilMs === undefined) return false;
    if (untilMs > steadyClock.nowMs()) return true;
    this.#untilMs.delete(host);
    return false;
  }

  firstEnd(): Date | null {
    const ends = [...this.#untilMs.values()];
    return ends.length === 0 ? null : new Date(Math.min(...ends));
  }
}

/** Inspecting a picture takes milliseconds, the largest some seconds. */
const LIMIT_MS = 120_000;

interface CrashSafeInspection extends Pick<FetchDeps, 'hold'> {
  close(): Promise<void>;
}

/** Pictures in flight when a process died are inspected one by one in a child process. One that kills it twice is unreadable. */
function crashSafeInspection(app: Pick<App, 'connection' | 'log'>): CrashSafeInspection {
  const inspecting = pLimit(INSPECTIONS_PER_PROCESSOR * availableParallelism());
  const child = { module: new URL('solo-inspect.mjs', import.meta.url), spec: null, limitMs: LIMIT_MS };
  const inFlight = new InFlightItems<null, InspectionRequest, Inspection>(app, {
    work: 'inspect',
    noun: 'picture',
    child,
  });
  return {
    async hold(pictureIds) {
      const held = await inFlight.take(pictureIds.map(String));
      return {
        async inspect(pictureId, bytes, limits) {
          const item = String(pictureId);
          if (!held.suspects.has(item)) return inspecting(() => inspect(bytes, limits));
          const reply = await held.alone(item, { bytes, limits });
          if ('answer' in reply) return reply.answer;
          return { ok: false, state: 'failed', reason: 'unreadable', detail: deathsText(reply.deaths) };
        },
        release: () => held.release(),
      };
    },
    close: () => inFlight.close(),
  };
}

const HASH_DIGITS = /@([0-9a-f]{16})$/;

/** A file that has changed is another picture, which the next crawl will find. */
async function readFolderPicture({ sourceId, url }: WaitingPicture, maxBytes: number): Promise<PictureRead> {
  const read = await useFile(bytePathOf(pathOfFileUrl(url)), maxBytes, (handle) => handle.readFile());
  if (!Buffer.isBuffer(read)) return { kind: 'problem', problem: read };
  const sha256 = sha256Of(read);
  if (sha256.slice(0, 16) === HASH_DIGITS.exec(sourceId)?.[1]) return { kind: 'bytes', bytes: read, sha256 };
  return { kind: 'problem', problem: unreadablePhoto('changed since it was found: crawl the folder again') };
}
