import { queuesOf } from '../../core/operate/upkeep/collection-queues.ts';
import { ownSources } from '../../core/crawl/candidates/query.repository.ts';
import { RevisionChangesCache } from '../../core/export/revisions/revisions.process.ts';
import type { PhotoEvidenceShown } from '../../core/review/desk/desk.ts';
import { readMeasures, type Measures, type CollectionCard } from '../status/overview.process.ts';
import type { App } from '../../core/runtime/open/app.process.ts';
import { measureDiskOf } from '../../core/runtime/work/disk-metric.process.ts';
import type { Collection } from '../../core/collection/collection.ts';
import type { GlobalFlags } from '../../core/cli/start/flags.ts';
import type { Config } from '../../core/config/settings.ts';
import { steadyClock } from '../../core/kernel/clock.ts';
import type { Reader } from '../../core/kernel/people.ts';
import { timedCache } from '../../core/kernel/timed-cache.ts';
import { sharedReading, sharedReadings } from './live/shared-reading.ts';
import { countBytes } from '../../core/photo/pruned.repository.ts';
import { serverVersion } from '../../core/platform/postgres/clients.ts';
import type { Access } from './access/access.ts';
import type { Assets } from './assets.ts';
import { Collections } from './collections.ts';
import { FailedLogIns } from './access/failed-log-ins.ts';
import { inTime, QueuePages } from './queue-pages.ts';
import { LivePlaces, responsePlaces } from './live/places.ts';
import { queueFeeds } from './live/queue-feeds.ts';
import { Metrics } from './metrics.ts';
import { Operations } from './operations.ts';
import { Sessions } from './access/sessions.ts';
import { openSessionIds } from './access/session.repository.ts';

/** Readings of a whole collection that run at once. The other connections to the catalogue are for quick requests. */
const SHARED_READINGS = 2;

export interface SiteOptions extends Access {
  readonly assets: Assets;
  readonly nowMs: () => number;
  readonly named: Collection | null;
  readonly configOf: (collection: Collection) => Promise<Config>;
  /** The flags of this server, which commands that it starts need as well. */
  readonly flags: Pick<GlobalFlags, 'collection' | 'data' | 'config' | 'set'>;
}

export type Site = ReturnType<typeof openSite>;

/** How long the list of collections is kept, in milliseconds: each of them is read for it. */
const CARDS_EVERY_MS = 2_000;
/** The least time between two counts of photos and bytes for `/metrics`, in milliseconds. A count reads every photo. */
const BYTES_EVERY_MS = 60_000;
const READY_WITHIN_MS = 2_000;
/** Revisions that are sent at once. Each may take hours and holds some megabytes in memory. */
const TARS_AT_ONCE = 4;

export function openSite(longApp: App, { named, configOf, ...shared }: SiteOptions) {
  measureDiskOf(longApp.dataDir);
  const app: App = { ...longApp, db: longApp.openLimitedDb(longApp.config.server.statementTimeoutMs) };
  const collections = new Collections({ app, longApp, named, configOf, nowMs: shared.nowMs });
  const ending = new AbortController();
  const failedLogIns = new FailedLogIns(app);
  const { photoResponses, photoIdleTimeoutMs } = app.config.server;
  const queues = new QueuePages({
    open: async () => app.openQueueBoard(await queuesOfAll(app, collections)),
    onError: (reason) => app.log.warn({ reason }, 'the queues could not be looked at'),
  });
  const cardsFor = (reader: Reader): (() => Promise<CollectionCard[]>) =>
    timedCache(() => collections.cards(reader), { forMs: CARDS_EVERY_MS, clock: steadyClock });
  return {
    ...shared,
    app,
    longApp,
    collections,
    readCards: { operators: cardsFor('operators'), others: cardsFor('others') },
    metrics: new Metrics(sharedReading(measuresOf(collections, longApp, shared.nowMs))),
    queues,
    queueFeeds: queueFeeds(collections, { app, nowMs: shared.nowMs }),
    // Node detects a stalled client after one to two timeouts. Then its place is free again.
    takePhotoPlace: responsePlaces(photoResponses, 2 * photoIdleTimeoutMs),
    takeTarPlace: responsePlaces(TARS_AT_ONCE, 2 * photoIdleTimeoutMs),
    livePlaces: new LivePlaces(),
    readShared: sharedReadings<Buffer>(SHARED_READINGS),
    readEvidence: sharedReadings<PhotoEvidenceShown | null>(SHARED_READINGS),
    operations: new Operations({ ...shared, app: longApp, named }),
    sessions: new Sessions(() => openSessionIds(app.db)),
    failedLogIns,
    revisionChanges: new RevisionChangesCache(),
    isReady: sharedReading(() =>
      inTime(serverVersion(app.db), READY_WITHIN_MS).then(
        () => true,
        () => false,
      ),
    ),
    signal: ending.signal,
    async close(): Promise<void> {
      ending.abort();
      await Promise.all([this.operations.close(), failedLogIns.close()]);
      for (const feed of Object.values(this.queueFeeds)) feed.close();
      await collections.close();
      await queues.close();
    },
  };
}

/** All collections share the fetch queue, so it is listed once. */
async function queuesOfAll({ db }: App, collections: Collections): Promise<ReturnType<typeof queuesOf>> {
  const own = await ownSources(db);
  const known = await collections.known();
  const all = known.flatMap(({ workspace }) => queuesOf(workspace.scope.collectionId, own));
  return [...new Map(all.map((queue) => [queue.queue, queue])).values()];
}

/** A collection that cannot be read, such as one that was forgotten, is left out. */
function measuresOf(collections: Collections, app: App, nowMs: () => number): () => Promise<readonly Measures[]> {
  const readBytes = timedCache(() => countBytes(app.db), { forMs: BYTES_EVERY_MS, clock: steadyClock });
  return async () => {
    const at = new Date(nowMs());
    const known = await collections.known();
    const all = await Promise.allSettled(
      known.map(({ longWorkspace }) => readMeasures(longWorkspace, { at, readBytes })),
    );
    return all.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  };
}
