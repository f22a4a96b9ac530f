import type { Command } from 'commander';
import type { EngineWork } from '../app/engine/engine.ts';
import type { RunCounts } from '../app/run-counts.ts';
import { countUndecidedPruned } from '../decision/pruned-photos.repository.ts';
import { LOST_BYTES_CURE } from '../kernel/blobs.ts';
import type { Sha256 } from '../kernel/ids.ts';
import { finish } from './crawl/crawl.ts';
import { photosText, plural, writeOut } from './output.ts';
import { prunedText } from './prune.ts';
import { runStages, type StagesResult } from './run/run-stages.ts';
import { addGlobalFlags, runOnCollection, type CommandContext, type GlobalFlags } from './start/context.ts';

export function addFilterCommand(program: Command): void {
  addGlobalFlags(
    program
      .command('filter')
      .description('Run the ensemble: drop what any crop of any member gets right, keep the rest'),
  )
    .addHelpText(
      'after',
      `
Each photo is run crop by crop until it is decided. What is decided stays decided; a changed
collection file is decided anew from the stored evidence, running only the crops that are missing.
With --set filter.evaluate=all every crop of every member runs, and of photos that are decided
already those that are missing. Logits are stored of each photo that some setting may keep (4 bytes
a class and crop). Decisions stay as they are, and winnow what-if leaves nothing undecided.

Stored bytes are hashed as they are read. A photo whose bytes are missing, wrong or unreadable is
named and stays undecided, the others go on, and the exit code is 1: winnow resume has them fetched
again. Where no photo at all has bytes, a disk is missing: the filter ends and says so.

When a process dies (killed, out of memory, a crash in a decoder or a model), the photos that it
had in hand run again in a process of their own, one at a time. A photo that ends that one, too,
twice, fails as 'poison', and so does one that no crop decides while a model gives NaN or infinite
numbers for some; winnow show says what is known, winnow retry --reason poison tries again. A model
that gives no finite number for any of the first 32 photos ends the run.

Examples:
  winnow filter --collection imagenet-a
  winnow filter --collection imagenet-a --set filter.threads=4
`,
    )
    .action(async (flags: GlobalFlags) => {
      await runOnCollection(flags, { name: 'filter', access: 'use' }, async (workspace, context) => {
        const result = await runStages(workspace, context, { stages: ['filter'] });
        const { kept, dropped, failed, poisoned, completed, completedCrops, notCompletable, lost, filterWork } =
          result.counts;
        const undecidedPruned = await countUndecidedPruned(workspace.app.db, workspace.scope);
        const left = result.left.filter ?? 0;
        const completion = { completed, completedCrops, notCompletable };
        const json = { kept, dropped, failed, left, lostBytes: lost.length, undecidedPruned, ...completion, poisoned };
        await writeOut(
          flags.json === true
            ? `${JSON.stringify({ ...json, work: workJson(filterWork) })}\n`
            : filterText(result, context, undecidedPruned),
        );
        return finish(result, context);
      });
    });
}

/** @param undecidedPruned photos that are left undecided since their bytes were pruned */
export function filterText({ counts }: StagesResult, { signal }: CommandContext, undecidedPruned: number): string {
  const pruned = undecidedPruned > 0 ? `${prunedText(undecidedPruned)}\n` : '';
  const { kept, dropped, failed, poisoned } = counts;
  const decided = kept + dropped + failed;
  const rest = `${lostText(counts.lost)}${poisonText(poisoned)}${workText(counts.filterWork)}${completionText(counts)}${pruned}`;
  if (decided > 0) {
    const failures = failed > 0 ? `, failed ${failed}` : '';
    return `decided ${plural(decided, 'photo')}: kept ${kept}, dropped ${dropped}${failures}\n${rest}`;
  }
  if (signal.aborted) return `nothing was decided\n${rest}`;
  return pruned === '' && counts.lost.length === 0 ? `nothing is left to decide\n${rest}` : rest;
}

/** Which photos were left out, and what to do about them; nothing if there are none. */
function lostText(lost: readonly Sha256[]): string {
  return lost.length === 0
    ? ''
    : `left out, since their bytes are lost: ${photosText(lost)}; ${LOST_BYTES_CURE}; winnow doctor --deep says what is wrong\n`;
}

/** `1 photo failed: poison`, and what that means; nothing if there are none. */
function poisonText(poisoned: number): string {
  if (poisoned === 0) return '';
  return `${plural(poisoned, 'photo')} failed: poison (ended a process of their own twice, or a model gave no finite numbers): winnow decisions --reason poison tells more, winnow retry --reason poison tries again\n`;
}

/** Nothing unless decided photos lacked crops that were wanted. */
function completionText({ completed, completedCrops, notCompletable }: RunCounts): string {
  const lost =
    notCompletable === 0
      ? ''
      : `; ${plural(notCompletable, 'photo')} that cannot be completed: without bytes, not decodable, or without finite numbers of a model`;
  if (completedCrops + notCompletable === 0) return '';
  return `completed the evidence of ${plural(completed, 'decided photo')}: ${plural(completedCrops, 'crop')}${lost}\n`;
}

/** What deciding cost, in seconds of all threads together where nothing else is said; null if nothing was evaluated. */
function workJson(work: EngineWork | null): Readonly<Record<string, number | string>> | null {
  if (work === null || work.crops === 0 || work.startedAtMs === null) return null;
  const { threads, startedAtMs, photos, crops, passes, spanMs, prepareMs, inferMs } = work;
  return {
    threads,
    startedAt: new Date(startedAtMs).toISOString(),
    photos,
    crops,
    passes,
    elapsedSeconds: spanMs / 1_000,
    prepareSeconds: prepareMs / 1_000,
    inferSeconds: inferMs / 1_000,
  };
}

/** `2.1 crops a photo, 98.4 photos/s`; '' if nothing was evaluated. */
function workText(work: EngineWork | null): string {
  if (work === null || work.photos === 0 || work.spanMs === 0) return '';
  const { photos, crops, spanMs } = work;
  return `${(crops / photos).toFixed(1)} crops a photo, ${((photos * 1_000) / spanMs).toFixed(1)} photos/s\n`;
}
