import { GiveUpOnItem, messageOf, RetryLater } from '../../kernel/errors.ts';
import type { SourceApi } from '../sources/network-source.ts';
import { openHttp } from '../network/http.process.ts';
import { openSourceApi } from '../network/source-api.process.ts';
import type { App } from '../../runtime/open/app.process.ts';
import type { DryRunLine } from './dry-run-line.ts';
import type { NetworkDiscovery } from './sources.process.ts';

/** Plans each class and fetches the first page of each query, with permits. It stores nothing except the permits. */
export async function* discoveryDryRun(
  app: App,
  { ready, classes }: NetworkDiscovery,
  signal: AbortSignal,
): AsyncGenerator<DryRunLine> {
  const client = openHttp(app.config, [ready.endpoint]);
  const { name } = ready.source;
  const api = openSourceApi({ app, source: name, client, signal, onWait: () => {} });
  try {
    for (const wanted of classes.values()) {
      if (signal.aborted) return;
      const line = { source: name, wnid: wanted.wnid, total: null };
      const { queries, problems, notes } = await ready.source.plan(wanted, api);
      for (const problem of problems) yield { ...line, title: wanted.name, problem };
      if (queries.length === 0 && problems.length === 0)
        yield { ...line, title: notes.join('; ') || 'nothing to ask for', total: 0, problem: null };
      for (const query of queries)
        yield { ...line, title: query.title, ...(await firstTotal(ready.source, query, api)) };
    }
  } finally {
    client.close();
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
