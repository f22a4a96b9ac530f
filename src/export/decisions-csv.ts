import { stringify } from 'csv-stringify/sync';
import type { SelectedPhoto } from './select.ts';

/** The columns of `decisions.csv`. */
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
] as const;

export const decisionsHeader = (): string => csv([DECISION_COLUMNS]);

/**
 * The lines of one photo that was listed or reviewed: one for each reviewer's verdict, or one with empty cells if there is none.
 * `sha256` is that of the original bytes. Tags are separated by `|`.
 *
 * @param names `className`: the name of the class that the photo was searched as; `pseudonymOf`: what a reviewer is called
 */
export function decisionLines(
  photo: SelectedPhoto,
  { className, pseudonymOf }: { readonly className: string; readonly pseudonymOf: (reviewer: string) => string },
): string {
  const { wnid, sha256, rank, confusionWnid, confusionProb, maxTrueProb, state, leftOut, decidedBy } = photo;
  const isExported = leftOut === null ? 'yes' : 'no';
  const ofPhoto = [wnid, className, sha256, rank, confusionWnid, confusionProb, maxTrueProb, state];
  const common = [...ofPhoto, isExported, leftOut, decidedBy];
  if (photo.reviews.length === 0) return csv([[...common, null, null, null, null, null, null, null]]);
  return csv(
    photo.reviews.map(({ reviewer, pass, verdict, reason, tags, shownBy, at }) => [
      ...common,
      pseudonymOf(reviewer),
      pass,
      verdict,
      reason,
      tags.join('|'),
      shownBy ?? 'import',
      at,
    ]),
  );
}

/** RFC 4180, with line feeds. Null is an empty cell. */
function csv(records: readonly (readonly (string | number | null)[])[]): string {
  return stringify(
    records.map((record) => [...record]),
    { record_delimiter: '\n' },
  );
}
