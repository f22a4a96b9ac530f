import { type Command, InvalidArgumentError } from 'commander';
import { fillEvidence, noFill, type FillCounts } from '../../filter/run/fill-evidence.process.ts';
import { whatIf, type WhatIf, type WhatIfOptions } from '../../filter/what-if/what-if.process.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { countText, plural, writeResult, EXIT } from '../text/output.ts';
import { withProgress, type ProgressLine } from '../text/progress.ts';
import { addCommand, runWithCollection, withWorkspace, wholeNumberFrom, type GlobalFlags } from '../start/context.ts';
import { whatIfJson, whatIfText } from './tables.ts';
import type { Collection } from '../../collection/collection.ts';
import { filterPolicy, type FilterPolicy } from '../../filter/rule/policy.ts';
import type { WhatIfGrid } from '../../filter/what-if/what-if-tally.ts';
import { WHAT_IF_VALUES, whatIfValue } from '../../filter/what-if/what-if-value.ts';
import { UsageError } from '../../kernel/errors.ts';

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

interface WhatIfFlags extends GlobalFlags {
  readonly threshold?: readonly number[];
  readonly aggregation?: readonly ('max' | 'mean')[];
  readonly members?: readonly ('any' | 'all')[];
  readonly ensemble?: readonly ('any' | 'all')[];
  readonly minConfidence?: readonly number[];
  readonly cap?: readonly number[];
  readonly sample: number;
  readonly perClass?: boolean;
  readonly fill?: boolean;
}

/** Maximum number of settings in one call. Nobody reads a longer table. */
const MOST_SETTINGS = 1_000;

function addWhatIfFlags(command: Command): Command {
  return command
    .option(
      '--threshold <list>',
      'mode A: drop a photo if p of the class it was searched as is above this',
      numbers('threshold'),
    )
    .option('--aggregation <list>', 'mode A: max, mean, or both', choicesOf(['max', 'mean']))
    .option('--members <list>', 'mode A: any, all, or both', choicesOf(['any', 'all']))
    .option('--ensemble <list>', 'the same as --members', choicesOf(['any', 'all']))
    .option('--min-confidence <list>', 'mode O: the least confidence of a kept photo', numbers('minConfidence'))
    .option('--cap <list>', 'at most this many photos per confusion on the shortlist', numbers('cap'))
    .option('--sample <n>', 'number of photos to show for each change', wholeNumberFrom(0, 999), 3)
    .option('--per-class', 'show every class under every setting')
    .option('--fill', 'first run the crops that undecided photos lack');
}

function numbers(name: keyof typeof WHAT_IF_VALUES): (text: string) => readonly number[] {
  return listOf(WHAT_IF_VALUES[name].expected, (word) => whatIfValue(name, word));
}

function choicesOf<const Choice extends string>(choices: readonly Choice[]): (text: string) => readonly Choice[] {
  return listOf(choices.join(' or '), (word) => choices.find((choice) => choice === word));
}

/** @param itemOf returns undefined for a wrong word */
function listOf<Item>(expected: string, itemOf: (word: string) => Item | undefined): (text: string) => readonly Item[] {
  return (text) => {
    const items = text.split(',').map((part) => {
      const item = itemOf(part.trim());
      if (item !== undefined) return item;
      throw new InvalidArgumentError(
        `Expected ${expected}, or several separated by commas, but received '${part.trim()}' in '${text}'.`,
      );
    });
    return [...new Set(items)];
  };
}

function gridOf(collection: Collection, flags: WhatIfFlags): WhatIfGrid {
  const { policy } = collection;
  refuseOtherMode(collection, flags);
  const grid = {
    policies: policiesOf(collection, flags),
    caps: flags.cap ?? [policy.cap],
    nearDuplicateDistance: policy.nearDuplicateDistance,
  };
  const settings = grid.policies.length * grid.caps.length;
  if (settings <= MOST_SETTINGS) return grid;
  throw new UsageError(
    `The lists make ${settings} settings, more than the maximum of ${MOST_SETTINGS} in one call: try fewer values at once`,
    { code: 'too-many-settings' },
  );
}

/** Every combination of the given values. Flags of the other mode are not given. */
function policiesOf(collection: Collection, flags: WhatIfFlags): FilterPolicy[] {
  const { policy } = collection;
  const { threshold = [policy.threshold], aggregation = [policy.aggregation] } = flags;
  const { minConfidence = [policy.minConfidence], members = flags.ensemble ?? [policy.members] } = flags;
  const means = aggregation.flatMap((one) => members.map((which) => ({ aggregation: one, members: which })));
  const limits = threshold.flatMap((above) =>
    minConfidence.map((least) => ({ threshold: above, minConfidence: least })),
  );
  return means.flatMap((mean) =>
    limits.map((limit) => filterPolicy({ ...collection, policy: { ...policy, ...mean, ...limit } })),
  );
}

const MODE_FLAGS = {
  A: { threshold: '--threshold', aggregation: '--aggregation', members: '--members', ensemble: '--ensemble' },
  O: { minConfidence: '--min-confidence' },
} as const;

function refuseOtherMode({ mode, name }: Collection, flags: WhatIfFlags): void {
  const own: object = MODE_FLAGS[mode];
  const given = Object.entries({ ...MODE_FLAGS.A, ...MODE_FLAGS.O }).find(
    ([key]) => Object.hasOwn(flags, key) && !Object.hasOwn(own, key),
  );
  if (given !== undefined)
    throw new UsageError(
      `${given[1]} does not apply: the collection '${name}' has mode ${mode}. Use ${Object.values(MODE_FLAGS[mode]).join(', ')} or --cap`,
      { code: 'other-mode' },
    );
  if (flags.members !== undefined && flags.ensemble !== undefined)
    throw new UsageError('Give either --members or --ensemble; they mean the same', {
      code: 'two-flags',
    });
}
