import type { Collection } from '../../core/collection/collection.ts';
import type { CollectionPolicy } from '../../core/collection/modes.ts';
import type { Mode } from '../../core/kernel/mode.ts';

type Rules = Pick<Collection, 'mode' | 'policy'>;

const METHODS = {
  A: {
    rule: ({ threshold, aggregation, members }: CollectionPolicy): string => {
      const says = aggregation === 'max' ? 'any of its ten crops' : 'the mean softmax of its ten crops';
      const who = members === 'any' ? 'any member' : 'every member';
      return `A photo is dropped if ${who} says for ${says} that its class comes first or has a probability above ${threshold}.`;
    },
    implied: ({ aggregation, members }: CollectionPolicy): string => {
      if (members === 'all')
        return 'The filter keeps photos on which at least one member fails, so its accuracy is not zero by the rule.';
      return aggregation === 'max'
        ? 'Its accuracy is 0 % by the rule: the filter drops every photo that a crop of it gets right.'
        : 'The filter drops every photo that the mean of its crops gets right; its centre crop alone may be right.';
    },
  },
  O: {
    rule: ({ minConfidence }: CollectionPolicy): string =>
      `A photo is kept if the mean softmax of its ten crops is at least ${minConfidence} for one of the classes, by the first member.`,
    implied: (): string =>
      'The mean of its ten crops is at least as sure as the rule demands; its centre crop alone may be less sure.',
  },
} satisfies Record<Mode, object>;

export function ruleSentences({ mode, policy }: Rules): string[] {
  const shortlist = `At most ${policy.cap} photos of a confusion are on the shortlist, rejected ones aside.`;
  return [METHODS[mode].rule(policy), shortlist];
}

/** States what the rule alone implies for a member's accuracy on the kept photos, without measuring. */
export function impliedFor({ mode, policy }: Rules): string {
  return METHODS[mode].implied(policy);
}
