import type { Funnel } from '../kernel/funnel.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import { makeShortlist, type MadeShortlist } from '../shortlist/make-shortlist.process.ts';
import { funnelIn } from '../status/status.process.ts';
import { withDefaults } from './operation.ts';
import { SHORTLIST, type ShortlistOptions } from './options.ts';

export interface ShortlistSummary {
  readonly funnel: Funnel;
  /** The paths of the table and of the contact sheet. */
  readonly files: { readonly csv: string; readonly html: string };
}

type Options = ShortlistOptions & { readonly signal: AbortSignal };

export async function summaryOfShortlist(workspace: Workspace, options: Options): Promise<ShortlistSummary> {
  const { funnel, files } = await buildShortlist(workspace, options);
  return { funnel, files };
}

/** @throws UsageError `bad-cap`, `bad-controls`, `no-controls`, `no-crawl-sample`, `crawl-sample-open` */
export async function buildShortlist(
  workspace: Workspace,
  { signal, onProgress, ...options }: Options,
): Promise<MadeShortlist> {
  return makeShortlist(workspace, {
    ...withDefaults(SHORTLIST, options),
    signal,
    funnelIn: (trx) => funnelIn(trx, workspace),
    onFeatures: ({ done, total }) => onProgress?.({ what: 'features', done, total }),
    onOutside: ({ model, done, total }) => onProgress?.({ what: model, done, total, note: 'for reviewers' }),
  });
}
