import process from 'node:process';
import { Command } from 'commander';
import { startFetch } from '../app/fetch-stage.ts';
import { startFilter } from '../app/filter-stage.ts';
import type { Stage } from '../app/stage.ts';
import { candidateWnids } from '../decision/scope.ts';
import { SOURCE_NAMES } from '../collection/collection.ts';
import type { Workspace } from '../app/workspace.ts';
import { addGlobalFlags, runOnCollection, type GlobalFlags } from './context.ts';
import { EXIT } from './exit.ts';

const STAGES = {
  fetch: ({ app, scope }: Workspace, signal: AbortSignal): Promise<Stage> =>
    startFetch(app, {
      signal,
      // Whatever the collection's candidates came from: a crawl may have named other sources than its file does.
      scope: { sources: SOURCE_NAMES, wnids: candidateWnids(scope) },
      onOutcome: () => {},
      onHostWaits: (host, { why }) => app.log.info({ host }, why),
    }),
  filter: (workspace: Workspace, signal: AbortSignal): Promise<Stage> =>
    startFilter(workspace, { signal, onDecided: (counts) => workspace.app.log.info(counts, 'decided') }),
} as const;

/**
 * A worker that stays: works one stage's queue until SIGTERM or Ctrl-C, then finishes the jobs in hand. Any number of
 * them may work one data folder or, through DATABASE_URL, one catalogue.
 */
export async function runWorker(name: keyof typeof STAGES): Promise<void> {
  const command = addGlobalFlags(
    new Command(`worker ${name}`).description(`Works the ${name} queue of a collection until it is told to end`),
  );
  const flags: GlobalFlags = command.parse(process.argv).opts();
  await runOnCollection(flags, { name: `${name}-worker`, isWorker: true }, async (workspace, { signal, log }) => {
    const stage = await STAGES[name](workspace, signal);
    log.info({ collection: workspace.collection.name }, `the ${name} worker is ready`);
    await stage.serve();
    return EXIT.done;
  });
}
