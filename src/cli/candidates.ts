import type { Command } from 'commander';
import { listCandidates, type CandidateLine } from '../funnel/candidate-list.repository.ts';
import { oneLine } from '../kernel/printable.ts';
import { CANDIDATE_STATES, DROPPED_REASONS, FAILED_REASONS, type CandidateState } from '../kernel/reasons.ts';
import {
  addListFlags,
  formatOf,
  refuseImpossible,
  untilInterrupted,
  wantedClasses,
  writeList,
  type ListFlags,
} from './list-flags.ts';
import { runOnCollection } from './start/context.ts';

/** The reasons that are possible in each state. */
const REASONS = {
  found: [],
  fetched: [],
  dropped: DROPPED_REASONS,
  failed: FAILED_REASONS,
} as const satisfies Record<CandidateState, readonly string[]>;

export function addCandidatesCommand(program: Command): void {
  addListFlags(
    program
      .command('candidates')
      .description('List every photo found for the collection, with its rights and its state'),
    CANDIDATE_STATES,
    [...DROPPED_REASONS, ...FAILED_REASONS],
  )
    .addHelpText(
      'after',
      '\nExample:\n  winnow candidates --collection imagenet-a --state failed --format csv > failed.csv\n',
    )
    .action(async (flags: ListFlags) => {
      const format = formatOf(flags);
      refuseImpossible(flags, REASONS);
      await runOnCollection(flags, { name: 'candidates', access: 'read' }, async (workspace, { signal }) => {
        const { state, reason, source } = flags;
        const filter = {
          wnids: await wantedClasses(workspace, flags),
          unknownClasses: flags.class === undefined,
          state,
          reason,
          source,
        };
        const rows = listCandidates(workspace.app.db, workspace.scope, filter);
        await writeList(untilInterrupted(rows, signal), { format, lineOf: lineText, what: 'candidate' });
      });
    });
}

function lineText(row: CandidateLine): string {
  const why = row.reason === null ? '' : ` ${row.reason}${row.detail === null ? '' : ` (${row.detail})`}`;
  const what =
    row.sha256 === null
      ? ''
      : ` ${row.sha256.slice(0, 12)} ${row.width}x${row.height}${row.bytesState === 'stored' ? '' : ' pruned'}`;
  // A photo outside the sub-folders has no label: the class as given is empty.
  const wnid = row.wnid === '' ? "''" : row.wnid;
  return oneLine(`${wnid}  ${row.state}${why}${what}  ${row.licence}  ${row.source}:${JSON.stringify(row.sourceId)}`);
}
