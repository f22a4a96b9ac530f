import { groupBy } from '../../kernel/group-by.ts';
import {
  LEAST_PEOPLE,
  type HumanAccuracy,
  type PersonAccuracy,
  type PooledAccuracy,
} from '../../kernel/human-accuracy.ts';
import { wilsonInterval } from '../../kernel/wilson.ts';
import { pooledShare, type Answer, type PooledShare } from './pooled-interval.ts';

export interface CountedAnswer extends Answer {
  readonly isControl: boolean;
  readonly choices: number | null;
}

/**
 * People are in the order of their first answers. To choose among a few classes is easier than to name one, so chosen answers are
 * pooled only if nobody names classes.
 */
export function humanAccuracy(answers: readonly CountedAnswer[]): HumanAccuracy {
  const people = [...groupBy(answers, ({ reviewer }) => reviewer)].map(([reviewer, own]) => personOf(reviewer, own));
  const named = answers.filter(({ choices }) => choices === null);
  const pooled = named.length > 0 ? named : answers;
  const ofSet = pooledShare(pooled.filter(({ isControl }) => !isControl));
  const controls = pooled.filter(({ isControl }) => isControl);
  const ofControls = controls.length === 0 ? null : pooledShare(controls);
  const figureOf = (about: 'samePeople' | 'newPeople') => ({
    set: accuracyOf(ofSet, about),
    control: ofControls && accuracyOf(ofControls, about),
  });
  const isFew = new Set(pooled.map(({ reviewer }) => reviewer)).size < LEAST_PEOPLE;
  return { people, pooled: figureOf('samePeople'), newPeople: isFew ? null : figureOf('newPeople') };
}

/** Names people by letters, for texts that leave the team. */
export const withoutNames = ({ people, ...pooled }: HumanAccuracy, letters: ReadonlyMap<string, string>) => ({
  people: people.map((one) => ({ ...one, reviewer: letters.get(one.reviewer) ?? '' })),
  ...pooled,
});

function personOf(reviewer: string, own: readonly CountedAnswer[]): PersonAccuracy {
  const [ofSet, controls] = [false, true].map((control) => own.filter(({ isControl }) => isControl === control));
  const [photos, right] = [ofSet?.length ?? 0, rightOf(ofSet ?? [])];
  return {
    reviewer,
    photos,
    right,
    accuracy: photos === 0 ? null : right / photos,
    ...(wilsonInterval(right, photos) ?? { low: null, high: null }),
    controlPhotos: controls?.length ?? 0,
    controlRight: rightOf(controls ?? []),
    choices: own[0]?.choices ?? null,
  };
}

function accuracyOf({ photos, share, ...intervals }: PooledShare, about: 'samePeople' | 'newPeople'): PooledAccuracy {
  return { photos, accuracy: share, ...(intervals[about] ?? { low: null, high: null }) };
}

const rightOf = (answers: readonly CountedAnswer[]): number => answers.filter(({ isRight }) => isRight).length;
