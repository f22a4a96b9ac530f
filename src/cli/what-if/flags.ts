import { type Command, InvalidArgumentError } from 'commander';
import type { Collection } from '../../collection/collection.ts';
import { filterPolicy, type FilterPolicy } from '../../filter/rule/policy.ts';
import type { WhatIfGrid } from '../../filter/what-if/what-if-tally.ts';
import { UsageError } from '../../kernel/errors.ts';
import { wholeNumberFrom, type GlobalFlags } from '../start/context.ts';

export interface WhatIfFlags extends GlobalFlags {
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

export function addWhatIfFlags(command: Command): Command {
  return command
    .option('--threshold <list>', 'mode A: drop a photo if p of the class it was searched as is above this', thresholds)
    .option('--aggregation <list>', 'mode A: max, mean, or both', choicesOf(['max', 'mean']))
    .option('--members <list>', 'mode A: any, all, or both', choicesOf(['any', 'all']))
    .option('--ensemble <list>', 'the same as --members', choicesOf(['any', 'all']))
    .option('--min-confidence <list>', 'mode O: the least confidence of a kept photo', confidences)
    .option('--cap <list>', 'at most this many photos per confusion on the shortlist', caps)
    .option('--sample <n>', 'number of photos to show for each change', wholeNumberFrom(0, 999), 3)
    .option('--per-class', 'show every class under every setting')
    .option('--fill', 'first run the crops that undecided photos lack');
}

const thresholds = numbers('a number above 0 and below 1', (value) => value > 0 && value < 1);
const confidences = numbers('a number from 0 to 1', (value) => value >= 0 && value <= 1);
const caps = numbers('a whole number from 1', (value) => Number.isSafeInteger(value) && value >= 1);

function numbers(expected: string, fits: (value: number) => boolean): (text: string) => readonly number[] {
  return listOf(expected, (word) => {
    const value = Number(word);
    return /^\d*\.?\d+(e-?\d+)?$/i.test(word) && fits(value) ? value : undefined;
  });
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

/** The settings that the flags ask for. The collection's own fill the gaps. */
export function gridOf(collection: Collection, flags: WhatIfFlags): WhatIfGrid {
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
