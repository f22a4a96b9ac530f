import type { Command } from 'commander';
import { fillEvidence, noFill, type FillCounts } from '../../filter/run/fill-evidence.process.ts';
import { whatIf, type WhatIf, type WhatIfOptions } from '../../filter/what-if/what-if.process.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { countText, plural, writeResult } from '../text/output.ts';
import { withProgress, type ProgressLine } from '../text/progress.ts';
import { addCommand, runWithCollection, withWorkspace } from '../start/context.ts';
import { EXIT } from '../start/exit.ts';
import { addWhatIfFlags, gridOf, type WhatIfFlags } from './flags.ts';
import { whatIfJson, whatIfText } from './tables.ts';

export function addWhatIfCommand(program: Command): void {
  addWhatIfFlags(
    addCommand(
      program,
      'what-if',
      'Show what other settings would keep and list, from stored evidence; runs no model, decides nothing',
    ),
  )
    .addHelpText(
      'after',
      `
Separate values by commas; every combination is tried. The collection's own settings fill the gaps.

A photo is undecided under a setting if crops are missing that the setting needs. The models stop once a
photo is decided, so a looser setting leaves photos undecided that were dropped early. "missing crops"
is the number that would run at most. --fill runs exactly those, then prints the table. Ctrl-C stores what
is done, and the same command continues. Decisions stay as they are. Photos whose bytes were pruned count
as not fillable. If other bytes are missing (is a disk not mounted?), the command stores what it could
fill, says so and ends with exit code 1.

"listed" is the shortlist under the cap, without near-duplicates by perceptual hash, as winnow shortlist
makes it before any review; features (policy.nearDuplicateCosine) are not compared, and review.target
does not count.
To use a setting, write it into the collection file and run winnow filter.

Examples:
  winnow what-if --collection imagenet-a --threshold 0.05,0.1,0.15,0.2 --cap 5,15,50
  winnow what-if --collection imagenet-a --aggregation max,mean --members any,all --json
  winnow what-if --collection imagenet-a --threshold 0.3 --fill
  winnow what-if --collection imagenet-o --min-confidence 0.3,0.5,0.9
`,
    )
    .action((flags: WhatIfFlags) =>
      runWithCollection(flags, {}, (context) => {
        const access = flags.fill === true ? 'use' : 'read';
        return withWorkspace(context, { name: 'what-if', access }, (workspace) => {
          const grid = gridOf(workspace.collection, flags);
          return run(workspace, flags, { grid, samples: flags.sample, signal: context.signal });
        });
      }),
    );
}

async function run(workspace: Workspace, flags: WhatIfFlags, options: WhatIfOptions): Promise<number> {
  const { app, collection, scope, ensemble } = workspace;
  const source = { db: app.db, scope, memberIds: ensemble.memberIds };
  let found = await whatIf(source, options);
  let fill: FillCounts | null = null;
  if (flags.fill === true) {
    fill = await fillWithProgress(workspace, found, options);
    if (options.signal.aborted) {
      console.error(`winnow: interrupted; ${leftText(fill)}`);
      return EXIT.interrupted;
    }
    found = await whatIf(source, options);
  }
  await writeResult(flags, whatIfJson(collection, found, fill), () =>
    whatIfText(collection, found, { fill, perClass: flags.perClass === true }),
  );
  return EXIT.done;
}

function leftText({ done, total, crops }: FillCounts): string {
  return `${plural(crops, 'crop')} ran and stay stored, ${countText(total - done)} of ${plural(total, 'photo')} are left: run the command again to go on`;
}

async function fillWithProgress(
  workspace: Workspace,
  { undecidedIds }: WhatIf,
  { grid, signal }: WhatIfOptions,
): Promise<FillCounts> {
  const counts = noFill();
  const lines = (): ProgressLine[] => {
    const { done, total, crops, notFillable } = counts;
    const lost = notFillable > 0 ? `, not fillable ${countText(notFillable)}` : '';
    return [{ label: 'evidence', done, total, note: `${plural(crops, 'crop')}${lost}` }];
  };
  await withProgress(lines, () =>
    fillEvidence(workspace, { policies: grid.policies, photoIds: undecidedIds, signal, counts }),
  );
  return counts;
}
