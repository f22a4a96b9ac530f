import { stringify } from 'csv-stringify/sync';
import type { SelectedPhoto } from '../select/select.ts';

export const DECISION_COLUMNS = [
  'wnid',
  'class_name',
  'sha256',
  'rank',
  'predicted_wnid',
  'predicted_prob',
  'max_true_prob',
  'state',
  'exported',
  'left_out_reason',
  'decided_by',
  'reviewer',
  'pass',
  'verdict',
  'verdict_reason',
  'tags',
  'shown_by',
  'at',
  'blind_verdict',
  'draw_chance',
  'also_wnids',
  'reviewer_also_wnids',
] as const;

/** The last column if the collection has controls. */
export const SPLIT = 'split';

export const decisionsHeader = (hasSplit = false): string =>
  csv([hasSplit ? [...DECISION_COLUMNS, SPLIT] : DECISION_COLUMNS]);

export interface DecisionNames {
  readonly classNameOf: (wnid: string) => string;
  /** By names of reviewers. */
  readonly letters: ReadonlyMap<string, string>;
  readonly hasSplit?: boolean;
}

/**
 * One line for each reviewer's verdict, or one with empty cells. `sha256` is that of the original bytes. `blind_verdict`: what the reviewer
 * said before others' verdicts were shown. `draw_chance`: with what chance the second pass drew the photo; empty if it did not.
 * `also_wnids`: the photo's further classes. `reviewer_also_wnids`: those that the reviewer names.
 */
export function decisionLines(photos: readonly SelectedPhoto[], names: DecisionNames): string {
  const endOf = ({ split }: SelectedPhoto): string[] => (names.hasSplit === true ? [split] : []);
  return csv(photos.flatMap((photo) => recordsOf(photo, names).map((record) => [...record, ...endOf(photo)])));
}

type DecisionRecord = readonly (string | number | null)[];

function recordsOf(photo: SelectedPhoto, { classNameOf, letters }: DecisionNames): DecisionRecord[] {
  const { wnid, sha256, rank, confusionWnid, confusionProb, maxTrueProb, state, leftOut, decidedBy } = photo;
  const isExported = leftOut === null ? 'yes' : 'no';
  const ofPhoto = [wnid, classNameOf(wnid), sha256, rank, confusionWnid, confusionProb, maxTrueProb, state];
  const common = [...ofPhoto, isExported, leftOut, decidedBy];
  const furtherClasses = photo.alsoWnids.join('|');
  if (photo.reviews.length === 0)
    return [[...common, null, null, null, null, null, null, null, null, photo.chance, furtherClasses, null]];
  return photo.reviews.map(({ reviewer, pass, verdict, reason, alsoWnids, tags, shownBy, at, blindVerdict }) => [
    ...common,
    letters.get(reviewer) ?? '',
    pass,
    verdict,
    reason,
    tags.join('|'),
    shownBy ?? 'import',
    at,
    blindVerdict,
    photo.chance,
    furtherClasses,
    alsoWnids.join('|'),
  ]);
}

/** RFC 4180, with line feeds. Null is an empty cell. */
function csv(records: readonly DecisionRecord[]): string {
  return stringify(
    records.map((record) => [...record]),
    { record_delimiter: '\n' },
  );
}
