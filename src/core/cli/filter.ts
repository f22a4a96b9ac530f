import type { Command } from 'commander';
import type { EngineWork } from '../filter/engine/engine-tally.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import { conceptsSeen } from '../filter/run/decision.repository.ts';
import { LOST_BYTES_CURE } from '../kernel/blobs.ts';
import { finish } from './crawl/crawl.ts';
import { linesText, photosText, plural, prunedText, writeResult } from './text/output.ts';
import { filterSummary } from '../library/filter-summary.process.ts';
import { STAGES_USE, type StagesResult } from '../library/stages.process.ts';
import { showStages } from './run/run-stages.ts';
import { addCommand, runOnCollection, type CollectionContext, type CommandContext } from './start/context.ts';

export function addFilterCommand(program: Command): void {
  addCommand(
    program,
    'filter',
    'Run the ensemble: drop each photo that any crop of any model gets right, keep the rest',
  )
    .addHelpText(
      'after',
      `
The models run on one crop of a photo after the other until the photo is decided. Decided photos stay
decided. If you change the rules in the collection file, filter changes those of the catalogue and prints
what differs, but not while another process works on the collection. Photos are then decided again from
the stored evidence, and only missing crops run. With --set filter.evaluate=all every crop of every model runs, also the missing crops
of photos that are decided already. Logits are stored for each photo that some setting may keep (4 bytes
for each class and crop). Decisions stay as they are, and winnow what-if leaves nothing undecided.

Stored bytes are hashed when they are read. If the bytes of a photo are missing, wrong or unreadable,
the filter names the photo and leaves it undecided, decides the others, and ends with exit code 1.
winnow resume has such photos fetched again. If no photo has bytes, a disk is missing: the filter stops
and says so.

If a process dies (killed, out of memory, a crash in a decoder or a model), the photos that were in
flight run again, one at a time, in a separate process. A photo that kills that process twice fails as
'poison'. So does a photo that no crop decides while a model gives NaN or infinite numbers for some
crop. winnow show says what is known, winnow retry --reason poison tries again. If a model gives no
finite number for any of the first 32 photos, the run ends.

Examples:
  winnow filter --collection imagenet-a
  winnow filter --collection imagenet-a --set filter.threads=4
`,
    )
    .run((flags) => runOnCollection(flags, { ...STAGES_USE, name: 'filter', access: 'use', rules: 'change' }, filter));
}

async function filter(workspace: Workspace, context: CollectionContext): Promise<number> {
  const result = await showStages(workspace, context, { stages: ['filter'] });
  const summary = await filterSummary(workspace, result);
  await writeResult(context.flags, summary, async () => {
    const hasCandidates = (await conceptsSeen(workspace.app.db, workspace.scope)).length > 0;
    return `${filterText(result, context, summary.undecidedPruned)}${hasCandidates ? '' : 'no candidates yet: run winnow crawl\n'}`;
  });
  return finish(result, context);
}

/** @param undecidedPruned number of photos left undecided because their bytes were pruned */
export function filterText({ counts }: StagesResult, { signal }: CommandContext, undecidedPruned: number): string {
  const { kept, dropped, failed, poisoned, lost, completed, completedCrops, notCompletable } = counts;
  const decided = kept + dropped + failed;
  const nothing = signal.aborted
    ? 'nothing was decided'
    : undecidedPruned === 0 && lost.length === 0 && 'nothing is left to decide';
  const uncompletable = `; ${plural(notCompletable, 'photo')} that cannot be completed: without bytes, not decodable, or without finite numbers of a model`;
  return linesText([
    decided === 0
      ? nothing
      : `decided ${plural(decided, 'photo')}: kept ${kept}, dropped ${dropped}${failed > 0 ? `, failed ${failed}` : ''}`,
    lost.length > 0 &&
      `left out, because their bytes are lost: ${photosText(lost)}; ${LOST_BYTES_CURE}; winnow doctor --deep says what is wrong`,
    poisoned > 0 &&
      `${plural(poisoned, 'photo')} failed: poison (killed a separate process twice, or a model gave no finite numbers): winnow decisions --reason poison says more, winnow retry --reason poison tries again`,
    workText(counts.filterWork),
    completedCrops + notCompletable > 0 &&
      `completed the evidence of ${plural(completed, 'decided photo')}: ${plural(completedCrops, 'crop')}${notCompletable > 0 ? uncompletable : ''}`,
    undecidedPruned > 0 && prunedText(undecidedPruned),
  ]);
}

/** `2.1 crops a photo, 98.4 photos/s`; '' if nothing was evaluated. */
function workText(work: EngineWork | null): string {
  if (work === null || work.photos === 0 || work.spanMs === 0) return '';
  const { photos, crops, spanMs } = work;
  return `${(crops / photos).toFixed(1)} crops a photo, ${((photos * 1_000) / spanMs).toFixed(1)} photos/s`;
}
