import process from 'node:process';
import { Command } from 'commander';
import { photosNeeded } from '../../filter/prune/retention.repository.ts';
import { startFetch } from '../../crawl/fetch/fetch-stage.process.ts';
import { openHandOn, startFilter } from '../../filter/run/filter-stage.process.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { openHeartbeat } from '../../runtime/work/heartbeat.process.ts';
import type { Stage, StageOptions } from '../../runtime/work/stage-definition.ts';
import { SOURCE_NAMES } from '../../config/sources/sources.ts';
import { candidateWnids } from '../../models/workspace/scope.ts';
import {
  addGlobalFlags,
  runWithCollection,
  withWorkspace,
  type CommandContext,
  type GlobalFlags,
} from '../start/context.ts';
import { EXIT } from '../start/exit.ts';
import { startDiscoveries } from './discover-worker.ts';
import { limitDrain } from './drain.ts';
import { serveMetrics, tellWork } from './worker-metrics.ts';

type Start = (workspace: Workspace, options: StageOptions) => Promise<Pick<Stage, 'serve'>>;

const STAGES: Readonly<Record<'discover' | 'fetch' | 'filter', Start>> = {
  discover: startDiscoveries,
  fetch: async (workspace, options) => {
    const { app, scope } = workspace;
    return startFetch(app, {
      ...options,
      collectionId: scope.collectionId,
      // All sources, because a crawl may have named other sources than the collection file does.
      scope: { sources: SOURCE_NAMES, wnids: candidateWnids(scope) },
      neededOf: photosNeeded,
      onDone: await openHandOn(workspace),
      onOutcome: () => {},
      onHostWaits: (host, { why }) => app.log.info({ host }, why),
    });
  },
  filter: (workspace, options) =>
    startFilter(workspace, {
      ...options,
      isStaying: true,
      onDecided: (counts) => workspace.app.log.debug(counts, 'decided'),
    }),
};

/** Works one stage's queue until SIGTERM or Ctrl-C. Any number of workers may share one catalogue. */
export async function runWorker(name: keyof typeof STAGES): Promise<void> {
  const flags = flagsOf(name, `Works the ${name} queue of a collection until it is stopped`);
  await runWithCollection(flags, { isWorker: true }, (context) => {
    limitDrain(context);
    return withWorkspace(context, { name: `${name}-worker`, waitsForDatabase: true, rules: 'keep' }, (workspace) =>
      work(name, workspace, context),
    );
  });
}

async function work(name: keyof typeof STAGES, workspace: Workspace, { signal, log }: CommandContext): Promise<number> {
  const { config } = workspace.app;
  const endMetrics = await serveMetrics(config, log);
  const heartbeat = openHeartbeat(config.workers.heartbeatFile, log);
  const endTelling = tellWork(log);
  try {
    const stage = await STAGES[name](workspace, { signal, onAlive: () => heartbeat.beat() });
    log.info({ collection: workspace.collection.name }, `the ${name} worker is ready`);
    await stage.serve();
  } finally {
    endTelling();
    endMetrics();
    await heartbeat.stop();
  }
  return EXIT.done;
}

export async function runServer(): Promise<void> {
  const flags = flagsOf('server', 'Serves the dashboards and the metrics of all collections until it is stopped');
  // The other workers need none of it.
  const { runServer: serveAll } = await import('../server.ts');
  await serveAll(flags, true);
}

function flagsOf(name: string, description: string): GlobalFlags {
  return addGlobalFlags(new Command(`worker ${name}`).description(description))
    .parse(process.argv)
    .opts();
}
