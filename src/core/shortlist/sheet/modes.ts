import type { CollectionPolicy } from '../../collection/modes.ts';
import type { Mode } from '../../kernel/mode.ts';
import { countText } from '../../kernel/texts.ts';

/** The probabilities, 0..1, that the bars of a card mark. */
export interface Marks {
  readonly searched?: number;
  readonly predicted?: number;
}

export const SHEET_TEXTS = {
  A: {
    about: 'A, mislabelled by the models',
    title: 'Classes',
    ruleName: 'Dropped',
    ruleText: ({ threshold, aggregation, members }: CollectionPolicy): string => {
      const over = aggregation === 'max' ? 'any crop' : 'the mean of the crops';
      return `if correct or p of the class searched as > ${threshold}, on ${over} of ${members === 'any' ? 'any member' : 'all members'}`;
    },
    capped: 'for each confusion of a class',
    marks: ({ threshold }: CollectionPolicy): Marks => ({ searched: threshold }),
    legend: {
      searched: 'the largest p over members and crops; the mark is the threshold',
      predicted: 'the mean p over members and crops',
      order: 'lowest p of the class searched as first, so the photos most foreign to the models lead each class',
    },
  },
  O: {
    about: 'O, out of distribution',
    title: 'Concepts',
    ruleName: 'Kept',
    ruleText: ({ minConfidence }: CollectionPolicy, classCount: number): string =>
      `if the mean p over ten crops is at least ${minConfidence} for one of ${countText(classCount)} classes`,
    capped: 'for each class a concept is taken for (our addition)',
    marks: ({ minConfidence }: CollectionPolicy): Marks => ({ predicted: minConfidence }),
    legend: {
      searched: "a concept, none of the model's classes",
      predicted: 'the mean p over ten crops; the mark is the least kept',
      order: 'highest p first, so the photos that the model is surest of lead each concept',
    },
  },
} satisfies Record<Mode, object>;
