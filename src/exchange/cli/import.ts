import type { Command } from 'commander';
import { importEvidence, type ImportProgress, type ImportReport } from '../evidence/import.process.ts';
import { LOGIT_TOLERANCE } from '../../core/filter/rule/near-limits.ts';
import { LOST_BYTES_CURE } from '../../core/kernel/blobs.ts';
import { evidenceImportText } from '../../core/kernel/evidence-import.ts';
import { addCommand, runOnCollection } from '../../core/cli/start/context.ts';
import { option, wholeNumber, type GlobalFlags } from '../../core/cli/start/flags.ts';
import { EXIT, linesText, photosText, plural, writeResult } from '../../core/cli/text/output.ts';
import { withProgress } from '../../core/cli/text/progress.ts';

const HELP = `
DIR is the folder of winnow evidence plan, with the results part-*.parquet beside its plan.json.

All of it is checked first: the plan against the rules and models of the collection, hashes (of SHA256SUMS
too, if there is such a file), crops, numbers of logits, duplicates, missing photos. winnow evaluates --sample
photos itself, which it draws at random; no logit may differ by more than ${LOGIT_TOLERANCE}. The output says how many photos
can still differ: of many, at most 1.0 % with the default. If anything is wrong, nothing is stored, and the
exit code is 1.

Then the evidence is stored, under the provider 'imported', and the photos are decided. winnow runs the
models itself for photos so near a limit of the rule that the tolerance could change their decision, and for
those that the other engine left to it. Photos that were decided meanwhile stay as they are. An interrupted
import continues if it is started again.

Examples:
  winnow evidence import plan-1 --collection imagenet-a
  winnow evidence import plan-1 --collection imagenet-a --sample 1000 --json
`;

const [LEAST_SAMPLE, SAMPLE] = [20, 300];

export function addEvidenceImportCommand(evidence: Command): void {
  addCommand(evidence, 'import', 'Check the results of a plan, store them and decide the photos')
    .argument('<dir>', 'the folder of the plan')
    .flags({
      sample: option(
        wholeNumber(LEAST_SAMPLE, 100_000).default(SAMPLE),
        'n',
        'photos that winnow evaluates itself to compare; all, if there are fewer',
      ),
    })
    .addHelpText('after', HELP)
    .run(run);
}

function run(flags: GlobalFlags & { readonly sample: number }, folder: string): Promise<void> {
  return runOnCollection(flags, { name: 'evidence', access: 'use', rules: 'work' }, async (workspace, { signal }) => {
    let now: ImportProgress = { checked: 0, compared: 0, sample: null, photos: 0, total: null };
    const onProgress = (state: Partial<ImportProgress>): void => void (now = { ...now, ...state });
    const report = await withProgress(
      () => [
        { label: 'checked', done: now.checked, total: now.total, note: '' },
        { label: 'compared', done: now.compared, total: now.sample, note: '' },
        { label: 'decided', done: now.photos, total: now.total, note: '' },
      ],
      () => importEvidence(workspace, { folder, sample: flags.sample, signal, onProgress }),
    );
    await writeResult(flags, report, () => importText(report));
    return report.refused.length + report.lost.length > 0 ? EXIT.incomplete : EXIT.done;
  });
}

function importText({ photos, crops, recomputed, sample, decided, lost, refused }: ImportReport): string {
  if (refused.length > 0) {
    const lines = refused.flatMap(({ reason, count, advice, example }) => [
      `${reason} (${count}): ${advice}.`,
      `  first: ${example}`,
    ]);
    return linesText([
      photos === 0
        ? 'nothing was stored, because the evidence is refused:'
        : 'files changed during the import; start it again:',
      ...lines,
    ]);
  }
  const { kept, dropped, failed } = decided;
  return linesText([
    `${plural(crops, 'crop')} of ${plural(photos, 'photo')}`,
    sample !== null &&
      `${evidenceImportText(sample)} A photo differs if a logit differs by more than ${LOGIT_TOLERANCE}.`,
    `decided ${plural(kept + dropped + failed, 'photo')}: kept ${kept}, dropped ${dropped}${failed > 0 ? `, failed ${failed}` : ''}`,
    recomputed > 0 && `winnow evaluated ${plural(recomputed, 'photo')} itself: near a limit of the rule, or left to it`,
    lost.length > 0 && `left out, because their bytes are lost: ${photosText(lost)}; ${LOST_BYTES_CURE}`,
  ]);
}
