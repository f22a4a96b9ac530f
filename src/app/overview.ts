import { connectedProcesses, topConfusions, type ConnectedProcess } from '../report/overview.repository.ts';
import { readStatus, type Status } from './status.ts';
import { nameOf, type Workspace } from './workspace.ts';

/** What the funnel page shows, as it is at one moment. */
export interface Overview extends Status {
  /** ISO 8601. */
  readonly at: string;
  readonly workers: readonly ConnectedProcess[];
  /** The most frequent ones among kept photos. */
  readonly confusions: readonly { readonly trueClass: string; readonly predicted: string; readonly count: number }[];
}

const CONFUSIONS_SHOWN = 200;

export async function readOverview(workspace: Workspace, at: Date): Promise<Overview> {
  const { app, scope, collection } = workspace;
  const [status, workers, confusions] = await Promise.all([
    readStatus(workspace),
    connectedProcesses(app.db),
    topConfusions(app.db, scope, CONFUSIONS_SHOWN),
  ]);
  return {
    ...status,
    at: at.toISOString(),
    workers,
    confusions: confusions.map(({ wnid, confusionWnid, count }) => ({
      trueClass: nameOf(collection, wnid),
      predicted: nameOf(collection, confusionWnid),
      count,
    })),
  };
}
