import type { Command } from 'commander';
import { recorded } from '../../runtime/activity/activity.repository.ts';
import { localActor } from '../../runtime/activity/local-actor.process.ts';
import { pruneCollection, type HeldCount, type PruneReport } from '../../filter/prune/prune.process.ts';
import { countToDecide } from '../../filter/run/photo-tally.repository.ts';
import { bytesText, countText, plural, prunedText, writeResult } from '../text/output.ts';
import { withProgress, type ProgressLine } from '../text/progress.ts';
import { addCommand, runOnCollection } from '../start/context.ts';
import { either } from '../start/flags.ts';

const HELP = `
Deletes the bytes of photos that every collection has dropped, for every class under which it has them.
For this collection the rules in its file apply, for the others the rules of their last filter. The
photo's hashes, evidence, decisions, places and rights stay. A crawl that finds the photo again does not
fetch it again. A photo keeps its bytes if any collection keeps it, has it on its shortlist, has not
decided it yet or could not decode it.

If other rules need a pruned photo later, it stays undecided, and winnow filter says so;
\`winnow retry --reason pruned\` has such photos fetched again. Bytes that the source no longer has are
lost.

The setting blobs.retain=kept makes winnow filter prune as it goes.

Examples:
  winnow prune --collection imagenet-a --dry-run
  winnow prune --collection imagenet-a
`;

export function addPruneCommand(program: Command): void {
  addCommand(program, 'prune', 'Delete the bytes of photos that every collection has dropped; everything else stays')
    .flags({ dryRun: either(false, 'say what would be deleted; delete nothing') })
    .addHelpText('after', HELP)
    .run(async (flags) => {
      await runOnCollection(flags, { name: 'prune', access: 'use' }, async (workspace, { signal }) => {
        const { dryRun: isDryRun } = flags;
        const soFar = { photos: 0, bytes: 0, looked: 0 };
        const lines = (): ProgressLine[] => [
          { label: 'photos', done: soFar.looked, total: null, note: `pruned ${countText(soFar.photos)}` },
        ];
        const onProgress = (now: typeof soFar): void => void Object.assign(soFar, now);
        const { name: collection } = workspace.collection;
        const prune = (): Promise<PruneReport> => pruneCollection(workspace, { isDryRun, signal, onProgress });
        const doing = {
          ...localActor(),
          action: 'prune',
          collection,
          signal,
          resultOf: ({ gone }: PruneReport) => ({ ...gone }),
        } as const;
        const report = await withProgress(lines, () => (isDryRun ? prune() : recorded(workspace.app.db, doing, prune)));
        const { gone, ...others } = report;
        const { pruned: undecidedPruned } = await countToDecide(workspace.app.db, workspace.scope, workspace.app.log);
        await writeResult(flags, { collection, dryRun: isDryRun, ...gone, ...others, undecidedPruned }, () =>
          pruneText(report, { collection, isDryRun, undecidedPruned }),
        );
      });
    });
}

function pruneText(
  { gone, finished, held }: PruneReport,
  {
    collection,
    isDryRun,
    undecidedPruned,
  }: { readonly collection: string; readonly isDryRun: boolean; readonly undecidedPruned: number },
): string {
  const photos = `${plural(gone.photos, 'photo')} of ${collection}, ${bytesText(gone.bytes)}`;
  const lines = [
    gone.photos === 0
      ? `nothing to prune: no photo of ${collection} that has bytes is dropped by every collection that has it`
      : `${isDryRun ? 'would prune' : 'pruned'} ${photos}; what is known of them stays`,
    ...(finished.photos > 0 ? [`  ${plural(finished.photos, 'photo')} of them were left by an interrupted prune`] : []),
    ...held.map(
      (count) =>
        `  ${plural(count.photos, 'photo')}, ${bytesText(count.bytes)}, stay: ${WHY[count.reason](count.collection)}`,
    ),
    ...(undecidedPruned > 0 ? [prunedText(undecidedPruned)] : []),
  ];
  return `${lines.join('\n')}\n`;
}

const WHY: Readonly<Record<HeldCount['reason'], (collection: string) => string>> = {
  kept: (collection) => `kept by ${collection}`,
  listed: (collection) => `on the shortlist of ${collection} (winnow shortlist rebuilds it)`,
  undecided: (collection) => `not decided by ${collection} (winnow filter decides)`,
  undecodable: (collection) => `not decodable for ${collection} (winnow retry --reason undecodable)`,
  poison: (collection) => `poison for ${collection} (winnow retry --reason poison)`,
};
