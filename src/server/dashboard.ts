import { queuesOf } from '../app/discover/collection-queues.ts';
import { readMeasures } from '../app/watch/measures.ts';
import { readOverview, type Overview } from '../app/watch/overview.ts';
import type { Workspace } from '../app/open/workspace.ts';
import { steadyClock } from '../kernel/clock.ts';
import { inBatches } from '../kernel/in-batches.ts';
import { keptAWhile } from '../kernel/kept-a-while.ts';
import { isCandidateReason, isFailedDecision } from '../kernel/reasons.ts';
import { photoFormat } from '../photo/photo.repository.ts';
import { countBytes } from '../photo/pruned.repository.ts';
import { examplesOf, failedExamplesOf } from '../funnel/overview.repository.ts';
import { serverVersion } from '../platform/postgres/clients.ts';
import { hasTokens, type Tokens } from './access.ts';
import type { Assets } from './assets.ts';
import { controlRoutes } from './handlers/controls.ts';
import { healthRoutes } from './handlers/health.ts';
import { LiveFeed, liveRoute } from './handlers/live.ts';
import { sessionRoutes } from './handlers/log-in.ts';
import { photoRoute } from './handlers/photo.ts';
import { queuePages } from './handlers/queues.ts';
import { Metrics } from './metrics.ts';
import { pageRoutes } from './pages.ts';
import { paramOf, type Route } from './route.ts';

export interface Dashboard {
  readonly routes: readonly Route[];
  /** Ends what goes on by itself. */
  close(): Promise<void>;
}

/** How often what pages show is read, in milliseconds. */
const LIVE_EVERY_MS = 1_000;
/** How often photos and their bytes are counted for `/metrics`, at most: every photo is looked at for that. */
const BYTES_EVERY_MS = 60_000;
const READY_WITHIN_MS = 2_000;
const EXAMPLES_SHOWN = 5;
const ASKING_AT_ONCE = 1_000;

/** All routes of a collection's dashboard: the one table of who may what. */
export function openDashboard(
  workspace: Workspace,
  { tokens, assets, nowMs }: { readonly tokens: Tokens; readonly assets: Assets; readonly nowMs: () => number },
): Dashboard {
  const { app, collection, scope } = workspace;
  const read = sharedReading(() => readOverview(workspace, new Date(nowMs())));
  const feed = new LiveFeed({
    read,
    everyMs: LIVE_EVERY_MS,
    onError: (reason) => app.log.warn({ reason }, 'the dashboard could not read the catalogue'),
  });
  const readBytes = keptAWhile(() => countBytes(app.db), { forMs: BYTES_EVERY_MS, clock: steadyClock });
  const metrics = new Metrics(sharedReading(() => readMeasures(workspace, { at: new Date(nowMs()), readBytes })));
  const queues = queuePages({
    open: () => app.openQueueBoard(queuesOf(scope.collectionId)),
    onError: (reason) => app.log.warn({ reason }, 'the queues could not be looked at'),
  });
  const routes: Route[] = [
    ...pageRoutes(assets, { collection: collection.name, hasTokens: hasTokens(tokens) }),
    ...sessionRoutes({ tokens, nowMs }),
    ...healthRoutes(sharedReading(() => isReady(workspace))),
    liveRoute('/api/live', feed),
    ...apiRoutes(workspace, read),
    ...controlRoutes(workspace),
    ...queues.routes,
    photoRoute({
      formatOf: (sha256) => photoFormat(app.db, sha256),
      blobs: app.blobs,
      responses: app.config.server.photoResponses,
      idleTimeoutMs: app.config.server.photoIdleTimeoutMs,
      log: app.log,
    }),
    {
      method: 'GET',
      path: '/metrics',
      role: 'viewer',
      handle: async ({ reply }) => {
        const text = await metrics.text();
        return reply.header('content-type', metrics.contentType).send(text);
      },
    },
  ];
  return {
    routes,
    async close() {
      feed.close();
      await queues.close();
    },
  };
}

/** One reading at a time, however many ask: those who come while one is under way share the next. */
function sharedReading<T>(read: () => Promise<T>): () => Promise<T> {
  const next = inBatches(async (asked: readonly null[]) => {
    const reading = await read();
    return asked.map(() => reading);
  }, ASKING_AT_ONCE);
  return () => next(null);
}

function apiRoutes({ app, scope }: Workspace, read: () => Promise<Overview>): Route[] {
  return [
    { method: 'GET', path: '/api/overview', role: 'viewer', handle: read },
    {
      method: 'GET',
      path: '/api/examples/:reason',
      role: 'viewer',
      async handle({ request, reply }) {
        const reason = paramOf(request, 'reason');
        const asked = { reason, limit: EXAMPLES_SHOWN };
        if (isCandidateReason(reason)) return examplesOf(app.db, scope, asked);
        if (isFailedDecision(reason)) return failedExamplesOf(app.db, scope, asked);
        return reply.callNotFound();
      },
    },
  ];
}

/** Whether the catalogue answers, soon enough. */
async function isReady({ app }: Workspace): Promise<boolean> {
  const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), READY_WITHIN_MS).unref());
  const answers = serverVersion(app.db).then(
    () => true,
    () => false,
  );
  return Promise.race([answers, late]);
}
