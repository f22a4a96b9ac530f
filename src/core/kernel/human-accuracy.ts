import { countOf, shareText } from './texts.ts';

/** Photos of the quiz whose classes the page shows after each answer, before the photos that count. */
export const PRACTICE_PHOTOS = 20;

/** With fewer people, an interval about new ones says next to nothing. */
export const LEAST_PEOPLE = 5;

/** `winnow quiz results --json`. */
export interface HumanAccuracy {
  readonly people: readonly PersonAccuracy[];
  /** These people, on new photos. */
  readonly pooled: PooledFigure;
  /** New people, on new photos; null with fewer than five people. Exports of an older winnow lack it. */
  readonly newPeople?: PooledFigure | null | undefined;
}

export interface PooledFigure {
  readonly set: PooledAccuracy;
  /** Null without answers on controls. */
  readonly control: PooledAccuracy | null;
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
  /** Photos that all people answered. The others do not count. */
  readonly photos: number;
  /** The share of right answers, 0..1; null without such photos. */
  readonly accuracy: number | null;
  /** The ends of the 95 % interval; null with fewer than two people or photos. */
  readonly low: number | null;
  readonly high: number | null;
}

const rangeText = (low: number, high: number): string => `${shareText(low, 1)} to ${shareText(high, 1)}`;

/** `88.0 % on 100 photos (95 % interval 80.1 % to 92.7 % for these people and new photos)`; null without answers. */
function pooledText(same: PooledAccuracy | null, other: PooledAccuracy | null): string | null {
  if (same?.accuracy == null) return null;
  const { photos, accuracy, low, high } = same;
  const forNew =
    other === null || other.low === null || other.high === null
      ? `none for new people with fewer than ${LEAST_PEOPLE} people`
      : `${rangeText(other.low, other.high)} for new people`;
  const interval =
    low === null || high === null
      ? 'no interval with fewer than two people and photos'
      : `95 % interval ${rangeText(low, high)} for these people and new photos; ${forNew}`;
  return `${shareText(accuracy, 1)} on ${countOf(photos, 'photo')} (${interval})`;
}

function personText({ reviewer, photos, accuracy, low, high, choices }: PersonAccuracy): string[] {
  if (accuracy === null || low === null || high === null) return [];
  const how = choices === null ? 'typed' : `one of ${choices} classes`;
  return [`${reviewer} ${shareText(accuracy, 1)} of ${countOf(photos, 'photo')} (${rangeText(low, high)}, ${how})`];
}

/** Sentences for the command, and for reports and cards, which name people by letters. */
export function humanAccuracyText({ people, pooled, newPeople }: HumanAccuracy): string {
  const [set, control] = (['set', 'control'] as const).map((split) =>
    pooledText(pooled[split], newPeople?.[split] ?? null),
  );
  const each = people.flatMap(personText);
  if (set == null && control == null && each.length === 0) return 'No human accuracy was measured.';
  return [
    `Human accuracy, of people who had not reviewed the photos and saw no label: ${set ?? 'unknown on the set, because no photo of it was answered by all of them'}.`,
    each.length === 0 ? '' : ` Each person: ${each.join('; ')}.`,
    control == null ? '' : ` Controls: ${control}.`,
  ].join('');
}
