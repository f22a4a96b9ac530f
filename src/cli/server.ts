import { once } from 'node:events';
import path from 'node:path';
import type { Command } from 'commander';
import type { Workspace } from '../app/open/workspace.ts';
import { packageRoot } from '../config/root.ts';
import { systemClock } from '../kernel/clock.ts';
import { loadAssets } from '../server/assets.ts';
import { openDashboard } from '../server/dashboard.ts';
import { startWebServer } from '../server/web-server.ts';
import { writeOut } from './output.ts';
import { builtProgram, BUILT } from './start/built.mjs';
import { addGlobalFlags, runOnCollection, type CommandContext, type GlobalFlags } from './start/context.ts';
import { EXIT } from './start/exit.ts';

export function addServerCommand(program: Command): void {
  addGlobalFlags(
    program
      .command('server')
      .description('A web page with the funnel of a collection as it fills, metrics for Prometheus, and the photos'),
  )
    .addHelpText(
      'after',
      `
It listens on this machine only (server.host, server.port), unless there is a token to show (server.token).
  /          the funnel, live        /metrics   for Prometheus
  /queues    what waits and runs     /health    the process runs        /ready     it reaches the catalogue

Examples:
  winnow server --collection imagenet-a
  WINNOW_TOKEN=$(openssl rand -hex 24) winnow server --collection imagenet-a --set server.host=0.0.0.0
`,
    )
    .action(async (flags: GlobalFlags) => {
      await runOnCollection(flags, { name: 'server' }, serve);
    });
}

const nowMs = (): number => systemClock.nowMs();

/** Serves until Ctrl-C or SIGTERM. */
export async function serve(workspace: Workspace, { signal, log }: CommandContext): Promise<number> {
  const { host, port, allowedHosts, token, reviewerToken, viewerToken } = workspace.app.config.server;
  const tokens = { operator: token, reviewer: reviewerToken, viewer: viewerToken };
  const isBuilt = builtProgram(packageRoot) !== null;
  const assets = await loadAssets(packageRoot, isBuilt ? path.join(packageRoot, BUILT, 'ui') : null);
  const dashboard = openDashboard(workspace, { tokens, assets, nowMs });
  const server = await startWebServer({ host, port, tokens, allowedHosts, log, routes: dashboard.routes, nowMs });
  try {
    await writeOut(`The dashboard of ${workspace.collection.name} is at ${server.url}/ (Ctrl-C ends it)\n`);
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    await dashboard.close();
    await server.close();
  }
  return EXIT.done;
}
