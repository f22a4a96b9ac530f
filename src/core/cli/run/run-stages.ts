import { sourcesOf, runStages, type StagesOptions, type StagesResult } from '../../library/stages.process.ts';
import { wantedWnids } from '../../library/wanted.process.ts';
import { candidateWnids } from '../../models/workspace/scope.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { watchCrawl } from '../../status/crawl-watch.process.ts';
import type { RunCounts } from '../../status/run-counts.ts';
import { nonEmpty, plural } from '../text/output.ts';
import { startProgress } from '../text/progress.ts';
import type { CommandContext } from '../start/context.ts';
import { RunProgress } from './run-lines.ts';

export function showStages(
  workspace: Workspace,
  { signal }: CommandContext,
  options: StagesOptions,
): Promise<StagesResult> {
  return runStages(workspace, {
    ...options,
    signal,
    show: (counts) => showProgress(workspace, { ...options, counts }),
  });
}

function showProgress(
  workspace: Workspace,
  { plan, stages, counts, ...of }: StagesOptions & { counts: RunCounts },
): () => Promise<void> {
  const { collection, scope, app } = workspace;
  const sources = sourcesOf(plan).filter((source) => source !== 'folder');
  const wnids = wantedWnids(collection, of.class) ?? candidateWnids(scope);
  const watch = sources.length === 0 ? null : watchCrawl(workspace, { sources, wnids });
  const progress = new RunProgress();
  const { nameOf } = collection.subjects;
  const shown = startProgress(() => {
    const view = watch?.view() ?? { classes: [], budgets: [] };
    return progress.of({ ...view, counts, stages, nameOf, nowMs: Date.now(), paused: app.pauses.text() });
  });
  return async () => {
    shown.stop();
    await watch?.stop();
  };
}

export function leftText({ crawl, left, counts }: StagesResult): string {
  const { discover = 0, fetch = 0, filter = 0 } = left;
  const parts = nonEmpty([
    crawl?.complete === false && 'the rest of the walks',
    discover > 0 && `${plural(discover, 'query', 'queries')} to ask`,
    fetch > 0 && `${plural(fetch, 'picture')} to fetch`,
    filter > 0 && `${plural(filter, 'photo')} to decide${counts.toComplete > 0 ? ' or complete' : ''}`,
  ]);
  if (parts.length === 0) return 'nothing is left to do';
  return `left: ${parts.join(', ')}; run the command again to continue`;
}
