import type { Funnel } from '../kernel/funnel.ts';
import { UsageError } from '../kernel/errors.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import { makeShortlist, type MadeShortlist } from '../shortlist/make-shortlist.process.ts';
import { funnelIn } from '../status/status.process.ts';
import type { ShortlistOptions } from './options.ts';

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

/** @throws UsageError `bad-cap`, `bad-controls`, `no-controls` */
export async function buildShortlist(
  workspace: Workspace,
  { cap, controls, reviewEvidence = true, signal, onProgress }: Options,
): Promise<MadeShortlist> {
  for (const [name, count, least] of [['cap', cap, 1] as const, ['controls', controls, 0] as const])
    if (count !== undefined && !(Number.isSafeInteger(count) && count >= least))
      throw new UsageError(`Expected a whole number from ${least} for '${name}' but received '${count}'`, {
        code: `bad-${name}`,
      });
  return makeShortlist(workspace, {
    cap,
    controls,
    reviewEvidence,
    signal,
    funnelIn: (trx) => funnelIn(trx, workspace),
    onFeatures: ({ done, total }) => onProgress?.({ what: 'features', done, total }),
    onOutside: ({ model, done, total }) => onProgress?.({ what: model, done, total, note: 'for reviewers' }),
  });
}
