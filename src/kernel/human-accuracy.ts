import { countOf, shareText } from './texts.ts';

/** Photos of the quiz whose classes the page shows after each answer, before the photos that count. */
export const PRACTICE_PHOTOS = 20;

/** `winnow quiz results --json`. */
export interface HumanAccuracy {
  readonly people: readonly PersonAccuracy[];
  /** `control`: null without answers on controls. */
  readonly pooled: { readonly set: PooledAccuracy; readonly control: PooledAccuracy | null };
}

/** A person's answers on the photos of the set, with the Wilson 95 % interval. Photos for practice do not count. */
export interface PersonAccuracy {
  readonly reviewer: string;
  readonly photos: number;
  readonly right: number;
  /** right / photos, 0..1; null without photos. */
  readonly accuracy: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly controlPhotos: number;
  readonly controlRight: number;
  /** The buttons for each photo; null if the person typed. */
  readonly choices: number | null;
}

export interface PooledAccuracy {
  /** Distinct photos. */
  readonly photos: number;
  /** The share of right answers, 0..1; null without answers. */
  readonly accuracy: number | null;
  /** The ends of the 95 % interval over photos and people; null with fewer than two people or photos. */
  readonly low: number | null;
  readonly high: number | null;
}

/** `88.0 % on 100 photos (95 % interval 75.1 % to 94.7 %)`; null without answers. */
function pooledText({ photos, accuracy, low, high }: PooledAccuracy): string | null {
  if (accuracy === null) return null;
  const interval =
    low === null || high === null
      ? 'no interval with fewer than two people and photos'
      : `95 % interval ${shareText(low, 1)} to ${shareText(high, 1)}`;
  return `${shareText(accuracy, 1)} on ${countOf(photos, 'photo')} (${interval})`;
}

/** Sentences for the command, and for reports and cards, which name people by letters. */
export function humanAccuracyText({ people, pooled }: HumanAccuracy): string {
  const [set, control] = [pooledText(pooled.set), pooled.control === null ? null : pooledText(pooled.control)];
  if (set === null && control === null) return 'No human accuracy was measured.';
  const each = people.flatMap(({ reviewer, accuracy, low, high, choices }) => {
    if (accuracy === null || low === null || high === null) return [];
    const how = choices === null ? 'typed' : `one of ${choices} classes`;
    return [`${reviewer} ${shareText(accuracy, 1)} (${shareText(low, 1)} to ${shareText(high, 1)}, ${how})`];
  });
  return [
    `Human accuracy, of people who had not reviewed the photos and saw no label: ${set ?? 'unknown on the set'}.`,
    each.length === 0 ? '' : ` Each person: ${each.join('; ')}.`,
    control === null ? '' : ` Controls: ${control}.`,
  ].join('');
}
