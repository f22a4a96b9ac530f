import { type Command, InvalidArgumentError } from 'commander';
import * as z from 'zod';
import { fillEvidence, noFill, type FillCounts } from '../../filter/run/fill-evidence.process.ts';
import { whatIf, type WhatIf, type WhatIfOptions } from '../../filter/what-if/what-if.process.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { countText, plural, writeResult, EXIT } from '../text/output.ts';
import { withProgress, type ProgressLine } from '../text/progress.ts';
import { addCommand, runWithCollection, withWorkspace } from '../start/context.ts';
import { either, listOf, option, optional, wholeNumber, type FlagsOf } from '../start/flags.ts';
import { whatIfJson, whatIfText } from './tables.ts';
import type { Collection } from '../../collection/collection.ts';
import { filterPolicy, type FilterPolicy } from '../../filter/rule/policy.ts';
import type { WhatIfGrid } from '../../filter/what-if/what-if-tally.ts';
import { WHAT_IF_VALUES, whatIfValue } from '../../filter/what-if/what-if-value.ts';
import { UsageError } from '../../kernel/errors.ts';

export function addWhatIfCommand(program: Command): void {
  addCommand(
    program,
    'what-if',
    'Show what other settings would keep and list, from stored evidence; runs no model, decides nothing',
  )
    .flags(WHAT_IF)
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
    .run((flags) =>
      runWithCollection(flags, {}, (context) => {
        const access = flags.fill ? 'use' : 'read';
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
  if (flags.fill) {
    fill = await fillWithProgress(workspace, found, options);
    if (options.signal.aborted) {
      console.error(`winnow: interrupted; ${leftText(fill)}`);
      return EXIT.interrupted;
    }
    found = await whatIf(source, options);
  }
  await writeResult(flags, whatIfJson(collection, found, fill), () =>
    whatIfText(collection, found, { fill, perClass: flags.perClass }),
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

const numbers = (name: keyof typeof WHAT_IF_VALUES, help: string) =>
  optional(listOf(z.number()), 'list', {
    help,
    parse: splitList(WHAT_IF_VALUES[name].expected, (word) => whatIfValue(name, word)),
  });

const choices = <const Choice extends string>(all: readonly Choice[], help: string) =>
  optional(listOf(z.enum(all)), 'list', {
    help,
    parse: splitList(all.join(' or '), (word) => all.find((choice) => choice === word)),
  });

const WHAT_IF = {
  threshold: numbers('threshold', 'mode A: drop a photo if p of the class it was searched as is above this'),
  aggregation: choices(['max', 'mean'], 'mode A: max, mean, or both'),
  members: choices(['any', 'all'], 'mode A: any, all, or both'),
  ensemble: choices(['any', 'all'], 'the same as --members'),
  minConfidence: numbers('minConfidence', 'mode O: the least confidence of a kept photo'),
  cap: numbers('cap', 'at most this many photos per confusion on the shortlist'),
  sample: option(wholeNumber(0, 999).default(3), 'n', 'number of photos to show for each change'),
  perClass: either(false, 'show every class under every setting'),
  fill: either(false, 'first run the crops that undecided photos lack'),
};

type WhatIfFlags = FlagsOf<typeof WHAT_IF>;

/** Maximum number of settings in one call. Nobody reads a longer table. */
const MOST_SETTINGS = 1_000;

/** @param itemOf returns undefined for a wrong word */
function splitList<Item>(
  expected: string,
  itemOf: (word: string) => Item | undefined,
): (text: string) => readonly Item[] {
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
