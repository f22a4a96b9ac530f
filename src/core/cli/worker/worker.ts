import process from 'node:process';
import { Command } from 'commander';
import { photosNeeded } from '../../filter/prune/retention.repository.ts';
import { startFetch } from '../../crawl/fetch/fetch-stage.process.ts';
import { openHandOn, startFilter } from '../../filter/run/filter-stage.process.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { openHeartbeat } from '../../runtime/work/heartbeat.process.ts';
import type { Stage, StageOptions } from '../../runtime/work/stage-definition.ts';
import { candidateWnids } from '../../models/workspace/scope.ts';
import { addGlobalFlags, runWithCollection, withWorkspace, type CommandContext } from '../start/context.ts';
import type { GlobalFlags } from '../start/flags.ts';
import { EXIT, SERVICE_EXIT_CODES } from '../text/output.ts';
import { nowAndThen, startDiscoveries } from './discover-worker.ts';
import { limitDrain } from './drain.ts';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics } from 'prom-client';
import { measureDiskOf } from '../../runtime/work/disk-metric.process.ts';
import { takeWork, workMetrics, type StageWork } from '../../runtime/work/work-metrics.ts';
import { ALL } from '../../platform/postgres/query.ts';
import type { Config } from '../../config/settings.ts';
import { messageOf, UsageError } from '../../kernel/errors.ts';
import type { Logger } from '../../platform/log/logger.ts';

type Start = (workspace: Workspace, options: StageOptions) => Promise<Pick<Stage, 'serve'>>;

const STAGES: Readonly<Record<'discover' | 'fetch' | 'filter', Start>> = {
  discover: startDiscoveries,
  fetch: async (workspace, options) => {
    const { app, scope } = workspace;
    const tellWait = nowAndThen((why) => app.log.info(why));
    return startFetch(app, {
      ...options,
      // All sources, because a crawl may have named other sources than the collection file does.
      scope: { ...scope, sources: ALL, wnids: candidateWnids(scope) },
      neededOf: photosNeeded,
      onDone: await openHandOn(workspace),
      onOutcome: () => {},
      onHostWaits: (_, { why }) => tellWait(why),
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
  const flags = workerFlags(name, `Works the ${name} queue of a collection until it is stopped`);
  await runWithCollection(flags, { isWorker: true, waitsForServices: true }, (context) => {
    limitDrain(context);
    return withWorkspace(context, { name: `${name}-worker`, waitsForDatabase: true, rules: 'keep' }, (workspace) =>
      workOn(name, workspace, context),
    );
  });
}

async function workOn(
  name: keyof typeof STAGES,
  workspace: Workspace,
  { signal, log }: CommandContext,
): Promise<number> {
  const { config } = workspace.app;
  measureDiskOf(workspace.app.dataDir);
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

/** The flags that a worker was started with. */
export function workerFlags(name: string, description: string): GlobalFlags {
  return addGlobalFlags(new Command(`worker ${name}`).description(description))
    .addHelpText('after', SERVICE_EXIT_CODES)
    .parse(process.argv)
    .opts();
}

const TELL_EVERY_MS = 60_000;

/** Serves the metrics of this process over HTTP, if `workers.metricsPort` is set. Returns a function that ends it. */
async function serveMetrics({ workers }: Config, log: Logger): Promise<() => void> {
  const { metricsPort: port, metricsHost: host } = workers;
  if (port === null) return () => undefined;
  collectDefaultMetrics({ register: workMetrics });
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    void workMetrics
      .metrics()
      .then((text) => response.writeHead(200, { 'content-type': workMetrics.contentType }).end(text));
  });
  try {
    await once(server.listen(port, host), 'listening');
  } catch (error) {
    throw new UsageError(
      `Cannot serve metrics on '${host}', port ${port}: ${messageOf(error)}. Choose others with workers.metricsHost and workers.metricsPort (0: any free port).`,
      { code: 'metrics-address', cause: error },
    );
  }
  // With port 0 the system chooses the port.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server on TCP has an object as its address
  const { port: used } = server.address() as AddressInfo;
  log.info({ host, port: used }, 'metrics are served');
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

/** Logs once a minute what each stage did. The returned function logs the rest. */
export function tellWork(log: Pick<Logger, 'info'>, everyMs = TELL_EVERY_MS): () => void {
  const tell = (): void => {
    for (const [stage, work] of takeWork()) log.info({ stage, ...fieldsOf(work) }, 'work since the last such line');
  };
  const timer = setInterval(tell, everyMs).unref();
  return () => {
    clearInterval(timer);
    tell();
  };
}

function fieldsOf({ seconds, failedJobs, reasons, ...work }: StageWork): object {
  return {
    ...work,
    seconds: Math.round(seconds * 10) / 10,
    ...(failedJobs === 0 ? {} : { failedJobs }),
    ...(Object.keys(reasons).length === 0 ? {} : { reasons }),
  };
}
