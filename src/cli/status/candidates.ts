import type { Command } from 'commander';
import { listCandidates, type CandidateLine } from '../../status/candidate-list.repository.ts';
import { oneLine } from '../../kernel/printable.ts';
import { DROPPED_REASONS, FAILED_REASONS, type CandidateState } from '../../kernel/reasons.ts';
import { addListCommand } from '../review/list-flags.ts';
import { whyText } from '../../status/story-text.ts';

const REASONS = {
  found: [],
  fetched: [],
  dropped: DROPPED_REASONS,
  failed: FAILED_REASONS,
} as const satisfies Record<CandidateState, readonly string[]>;

export function addCandidatesCommand(program: Command): void {
  addListCommand(program, {
    what: 'candidate',
    description: 'List every photo found for the collection, with its rights and its state',
    help: '\nExample:\n  winnow candidates --collection imagenet-a --state failed --format csv > failed.csv\n',
    reasons: REASONS,
    rowsOf: ({ app, scope }, filter) => listCandidates(app.db, scope, filter),
    lineOf: lineText,
  });
}

function lineText(row: CandidateLine): string {
  const what =
    row.sha256 === null
      ? ''
      : ` ${row.sha256.slice(0, 12)} ${row.width}x${row.height}${row.bytesState === 'stored' ? '' : ' pruned'}`;
  // A photo outside the sub-folders has no label: the class as given is empty.
  const wnid = row.wnid === '' ? "''" : row.wnid;
  return oneLine(
    `${wnid}  ${row.state}${whyText(row)}${what}  ${row.licence}  ${row.source}:${JSON.stringify(row.sourceId)}`,
  );
}
