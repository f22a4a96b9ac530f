import { openQueries } from '../crawl/candidates/query.repository.ts';
import { candidateWnids } from '../models/workspace/scope.ts';
import type { BytesCount } from '../photo/pruned.repository.ts';
import { NETWORK_SOURCES } from '../config/sources/sources.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import { readOverviews, type Overview } from './overview.process.ts';

export interface Measures extends Overview {
  /** The totals for readers who must not know verdicts of photos whose second verdict is pending. */
  readonly totalsForOthers: Overview['totals'];
  /** Queries that can still be sent, within the limit per class. */
  readonly openQueries: number;
  /** Of all photos of the catalogue, whichever collection they are in, as they were a while ago. */
  readonly bytes: readonly BytesCount[];
}

/** @param readBytes counting them looks at every photo: to be kept a while */
export async function readMeasures(
  workspace: Workspace,
  { at, readBytes }: { readonly at: Date; readonly readBytes: () => Promise<readonly BytesCount[]> },
): Promise<Measures> {
  const { app, scope } = workspace;
  const { limitPerClass } = app.config.crawl;
  const wnids = candidateWnids(scope);
  const [overviews, bytes, ...open] = await Promise.all([
    readOverviews(workspace, at),
    readBytes(),
    ...NETWORK_SOURCES.map((source) => openQueries(app.db, { source, wnids, limitPerClass })),
  ]);
  return {
    ...overviews.operators,
    totalsForOthers: overviews.others.totals,
    bytes,
    openQueries: open.reduce((sum, { count }) => sum + count, 0),
  };
}
