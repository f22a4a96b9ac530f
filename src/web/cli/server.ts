import { once } from 'node:events';
import path from 'node:path';
import type { Command } from 'commander';
import type { App } from '../../core/runtime/open/app.process.ts';
import type { Collection } from '../../core/collection/collection.ts';
import { packageRoot } from '../../core/config/root.ts';
import type { Config } from '../../core/config/settings.ts';
import { typingOfCommands, writeCommandsAs } from '../../core/kernel/command-text.ts';
import { systemClock } from '../../core/kernel/clock.ts';
import { loadAssets } from '../server/assets.ts';
import { tokenHoldersOf } from '../server/access/access.ts';
import { openSite } from '../server/dashboard.ts';
import { routesOf } from '../server/routes.ts';
import { sessionKeyOf } from '../../core/runtime/open/session-key.repository.ts';
import { startWebServer } from '../server/web-server.ts';
import { pathOf } from '../../core/page/frame.tsx';
import { writeOut, EXIT, SERVICE_EXIT_CODES } from '../../core/cli/text/output.ts';
import { builtProgram, BUILT } from '../../cli/built.mjs';
import { addCommand, runCommand, settingsFor, withApp, type CommandContext } from '../../core/cli/start/context.ts';
import type { GlobalFlags } from '../../core/cli/start/flags.ts';
import { limitDrain } from '../../core/cli/worker/drain.ts';

export function addServerCommand(program: Command): void {
  addCommand(
    program,
    'server',
    'Web pages with the funnels of all collections as they fill, metrics for Prometheus, and the photos',
  )
    .addHelpText(
      'after',
      `
It listens on server.host:server.port, by default on this machine only. Other machines need tokens
(server.token, server.people). Without tokens, anyone on this machine may operate it.
  /          all collections         /c/NAME/                        the page of one, live
  /queues    what waits and runs     /c/NAME/sheet/shortlist.html    its contact sheet
  /metrics   for Prometheus          /c/NAME/revisions               what was exported, with downloads
  /activity  who did what
                                     /health, /ready                 the process runs, it reaches the catalogue

Examples:
  winnow server
  winnow server --collection imagenet-a
  WINNOW_TOKEN=$(openssl rand -hex 24) winnow server --collection imagenet-a --set server.host=0.0.0.0
${SERVICE_EXIT_CODES}`,
    )
    .run((flags) => runServer(flags));
}

const NO_TOKENS = 'There are no tokens (server.token, server.people), so anyone on this machine may operate it.';

const nowMs = (): number => systemClock.nowMs();

/** @param isWorker true to log as workers do, and to end within the same time */
export async function runServer(flags: GlobalFlags, isWorker = false): Promise<void> {
  const action = (context: CommandContext): Promise<number> => {
    const named = context.collection;
    const announce = (url: string): Promise<void> => {
      const where =
        named === null
          ? `The collections are at ${url}/`
          : `The page of ${named.name} is at ${url}${pathOf(named.name)}`;
      const isOpen = tokenHoldersOf(context.loaded.config.server).length === 0;
      const warning = isOpen ? `${NO_TOKENS}\n` : '';
      return writeOut(`${where} (Ctrl-C ends it)\n${warning}`);
    };
    if (isWorker) limitDrain(context);
    return withApp(context, { name: 'server' }, (app) => serve(app, context, { reviewer: null, announce }));
  };
  await runCommand(flags, action, { collection: 'named', isWorker, waitsForServices: true });
}

interface Serving {
  /** The name for reviews of people who have chosen none, on a server without tokens. Null if pages ask for it. */
  readonly reviewer: string | null;
  /** Called with the server's address (`http://127.0.0.1:4310`) once it listens. */
  readonly announce: (url: string) => Promise<void>;
}

/** @throws UsageError `server-token`, `server-address`, `same-token`, `same-name` */
export async function serve(app: App, context: CommandContext, { reviewer, announce }: Serving): Promise<number> {
  const { flags, log, signal, collection: named } = context;
  const { host, port, allowedHosts, trustProxy, basePath, maxConnections } = app.config.server;
  const access = { tokens: tokenHoldersOf(app.config.server), sessionKey: await sessionKeyOf(app.db) };
  const isBuilt = builtProgram(packageRoot) !== null;
  const assets = await loadAssets(packageRoot, isBuilt ? path.join(packageRoot, BUILT, 'ui') : null);
  const configOf = async (collection: Collection): Promise<Config> =>
    collection === named ? app.config : (await settingsFor(flags, collection)).config;
  const site = openSite(app, { ...access, assets, nowMs, named, configOf, flags });
  const typing = typingOfCommands();
  let server: Awaited<ReturnType<typeof startWebServer>> | undefined;
  try {
    // Its pages are for other people, who need not know where files lie on this machine.
    if (access.tokens.length > 0) writeCommandsAs({ program: 'winnow', flags: [] });
    if (named !== null) await site.collections.open(named.name);
    const { sessions, failedLogIns } = site;
    server = await startWebServer({
      ...access,
      sessions,
      failedLogIns,
      host,
      port,
      allowedHosts,
      trustProxy,
      basePath: basePath ?? '',
      maxConnections,
      reviewer,
      log,
      routes: routesOf(site),
      nowMs,
    });
    await announce(server.url);
    const end = AbortSignal.any([signal, app.broken]);
    if (!end.aborted) await once(end, 'abort');
    // A supervisor starts the server again, and with it the database.
    app.broken.throwIfAborted();
  } finally {
    writeCommandsAs(typing);
    await site.close();
    await server?.close();
  }
  return EXIT.done;
}
