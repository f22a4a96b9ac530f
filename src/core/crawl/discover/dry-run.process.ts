import { GiveUpOnItem, messageOf, RetryLater } from '../../kernel/errors.ts';
import type { SourceApi, WantedClass } from '../sources/network-source.ts';
import { openSourceApi } from '../network/source-api.process.ts';
import type { App } from '../../runtime/open/app.process.ts';
import type { NetworkDiscovery } from './discover-stage.process.ts';
import { queriesSince } from '../candidates/discover.process.ts';
import type { Config } from '../../config/settings.ts';
import { systemClock } from '../../kernel/clock.ts';
import { NO_VERSION } from '../sources/remote-version.ts';
import type { ClassPlan } from '../sources/open-data/walk.repository.ts';
import { planOpenData } from '../sources/open-data/plan-open-data.process.ts';
import { OPEN_DATA_FILES } from '../sources/open-data/rows.ts';
import { openDump } from './open-dump.process.ts';

export interface DryRunLine {
  readonly source: string;
  readonly wnid: string | null;
  /** The query. For counted photos, the reason why they would not be taken, or empty. */
  readonly title: string;
  /** How many results the site reports, or how many photos were counted. Null if unknown. */
  readonly total: number | null;
  readonly problem: string | null;
}

/** Plans each class and fetches the first page of each query, with permits. It stores nothing except the permits. */
export async function* discoveryDryRun(
  app: App,
  { ready, classes }: NetworkDiscovery,
  { signal, since }: { readonly signal: AbortSignal; readonly since?: string | undefined },
): AsyncGenerator<DryRunLine> {
  const { name } = ready.source;
  const api = openSourceApi(app, ready, { signal, onWait: () => {} });
  try {
    for (const wanted of classes.values()) {
      if (signal.aborted) return;
      const line = { source: name, wnid: wanted.wnid, total: null };
      const { queries, problems, notes } = await ready.source.plan(wanted, api);
      for (const problem of problems) yield { ...line, title: wanted.name, problem };
      if (queries.length === 0 && problems.length === 0)
        yield { ...line, title: notes.join('; ') || 'nothing to ask for', total: 0, problem: null };
      for (const query of queriesSince(queries, since))
        yield { ...line, title: query.title, ...(await firstTotal(ready.source, query, api)) };
    }
  } finally {
    api.close();
  }
}

async function firstTotal(
  source: NetworkDiscovery['ready']['source'],
  query: Parameters<typeof source.nextPage>[0],
  api: SourceApi,
): Promise<{ total: number | null; problem: string | null }> {
  try {
    return { total: (await source.nextPage(query, null, api)).total, problem: null };
  } catch (error) {
    if (!(error instanceof RetryLater) && !(error instanceof GiveUpOnItem)) throw error;
    return { total: null, problem: messageOf(error) };
  }
}

/** Reads only the taxa file, because counting the photos would mean reading tens of gigabytes. */
export async function* openDataDryRun(
  config: Config,
  { source, classes }: { readonly source: string; readonly classes: readonly WantedClass[] },
  signal: AbortSignal,
): AsyncGenerator<DryRunLine> {
  const { url } = config.sources.inaturalistOpenData;
  const dump = openDump(config, url, signal);
  const files: DryRunLine[] = [];
  try {
    for (const file of OPEN_DATA_FILES) {
      const { bytes } = await dump.identify(file, NO_VERSION);
      const size = bytes === null ? 'of unknown size' : `${(bytes / 1e6).toFixed(1)} MB`;
      files.push({ source, wnid: null, title: `reads ${file} of ${url}, ${size}`, total: null, problem: null });
    }
    const { plans } = await planOpenData({ open: dump.open, clock: systemClock, signal }, classes);
    for (const plan of plans) yield* planLines(source, plan);
    yield* files;
  } finally {
    dump.close();
  }
}

function* planLines(source: string, { wnid, titles, problems, notes }: ClassPlan): Generator<DryRunLine> {
  const about = { source, wnid, total: null, problem: null };
  for (const problem of problems) yield { ...about, title: 'cannot be looked for', problem };
  for (const title of titles) yield { ...about, title };
  if (titles.length === 0 && problems.length === 0)
    yield { ...about, title: notes.join('; ') || 'nothing to look for', total: 0 };
}
