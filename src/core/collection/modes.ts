import * as z from 'zod';
import { wholeNumber } from '../config/schema-problems.ts';
import type { Mode } from '../kernel/mode.ts';

/** Which photos to drop and how many to list (§3.1 of the paper). Defaults are the paper's numbers where it gives them. */
export const policySchema = z.strictObject({
  /** Mode A. A photo is dropped as confident if p of the class searched as is strictly above this. */
  threshold: z.number().gt(0).lt(1).describe('a number above 0 and below 1').default(0.15),
  /** Mode A. `max`: one crop is enough to drop. `mean`: the mean softmax of a member's ten crops decides. */
  aggregation: z.enum(['max', 'mean']).default('max'),
  /** Mode A. A photo is dropped if any member would drop it, or only if all would. */
  members: z.enum(['any', 'all']).default('any'),
  /** Largest number of photos of one confusion on the shortlist of a class. */
  cap: wholeNumber(1).default(15),
  /** Largest Hamming distance of the 64-bit perceptual hashes of two near-duplicates. */
  nearDuplicateDistance: wholeNumber(0, 64).default(6),
  /** Photos whose features have at least this cosine similarity are also near-duplicates. Null for no such comparison. */
  nearDuplicateCosine: z.number().gt(0).max(1).describe('a number above 0 and at most 1').nullable().default(null),
  /** Mode O. A photo is kept only with at least this confidence. */
  minConfidence: z.number().min(0).max(1).describe('a number from 0 to 1').default(0.9),
});

export type CollectionPolicy = Readonly<z.output<typeof policySchema>>;
type RuleA = { readonly mode: 'A' } & Pick<CollectionPolicy, 'threshold' | 'aggregation' | 'members'>;
type RuleO = { readonly mode: 'O' } & Pick<CollectionPolicy, 'minConfidence'>;

/** True if a rule of mode A keeps no photo that a crop of a member gets right. */
export function isZeroByRule({ aggregation, members }: Pick<CollectionPolicy, 'aggregation' | 'members'>): boolean {
  return aggregation === 'max' && members === 'any';
}

interface ModeOfCollection {
  /** True if photos show the class that they are searched as. Otherwise they show none of the models' classes. */
  readonly showsClass: boolean;
  readonly ensemble: readonly string[];
  readonly mostMembers: number;
  readonly subjectKey: 'classes' | 'concepts';
  /** The list of the classes that a kept photo may be taken for. Decisions depend on it. */
  readonly predictedList: 'among' | 'classes';
  readonly ruleKeys: readonly Exclude<keyof RuleA | keyof RuleO, 'mode'>[];
  readonly ruleOf: (policy: CollectionPolicy) => RuleA | RuleO;
  readonly ruleText: (of: { policy: CollectionPolicy; subjects: { ids: readonly string[] | null } }) => string;
  /** The probability that pages mark: below it (mode A) or from it on (mode O) a photo is kept. */
  readonly mark: (policy: CollectionPolicy) => number;
  readonly idleKeys: readonly string[];
  readonly idleWhy: string;
}

export const MODES: Readonly<Record<Mode, ModeOfCollection>> = {
  A: {
    showsClass: true,
    ensemble: ['efficientnet-lite0', 'efficientnet-lite1'],
    mostMembers: Infinity,
    subjectKey: 'classes',
    predictedList: 'among',
    ruleKeys: ['threshold', 'aggregation', 'members'],
    ruleOf: ({ threshold, aggregation, members }) => ({ mode: 'A', threshold, aggregation, members }),
    ruleText: ({ policy: { threshold, aggregation, members } }) =>
      `threshold ${threshold}, aggregation ${aggregation}, members ${members}`,
    mark: ({ threshold }) => threshold,
    idleKeys: ['concepts', 'allowHypernyms', 'allowHyponyms'],
    idleWhy: '',
  },
  O: {
    showsClass: false,
    ensemble: ['efficientnet-lite0'],
    mostMembers: 1,
    subjectKey: 'concepts',
    predictedList: 'classes',
    ruleKeys: ['minConfidence'],
    ruleOf: ({ minConfidence }) => ({ mode: 'O', minConfidence }),
    ruleText: ({ policy: { minConfidence }, subjects: { ids } }) =>
      `minimum confidence ${minConfidence}, concepts ${ids === null ? 'any' : ids.length}`,
    mark: ({ minConfidence }) => minConfidence,
    idleKeys: ['among'],
    idleWhy: ', where the model always chooses among all classes that it knows',
  },
};
