import type { Command } from 'commander';
import { listCandidates, type CandidateLine } from '../candidate/candidate-list.repository.ts';
import { CANDIDATE_STATES, DROPPED_REASONS, FAILED_REASONS } from '../kernel/reasons.ts';
import { runOnCollection } from './context.ts';
import { addListFlags, formatOf, wantedClasses, writeRows, type ListFlags } from './list-flags.ts';
import { writeOut } from './output.ts';

export function addCandidatesCommand(program: Command): void {
  addListFlags(
    program
      .command('candidates')
      .description('Every photo seen for the collection, with its rights and what became of it'),
    CANDIDATE_STATES,
    [...DROPPED_REASONS, ...FAILED_REASONS],
  )
    .addHelpText(
      'after',
      '\nExample:\n  winnow candidates --collection imagenet-a --state failed --format csv > failed.csv\n',
    )
    .action(async (flags: ListFlags) => {
      const format = formatOf(flags);
      await runOnCollection(flags, { name: 'candidates' }, async (workspace) => {
        const { state, reason, source } = flags;
        const filter = {
          wnids: wantedClasses(workspace, flags),
          unknownClasses: flags.class === undefined,
          state,
          reason,
          source,
        };
        const rows = listCandidates(workspace.app.db, filter);
        if (format === 'table') await writeTable(rows);
        else await writeRows(rows, format);
      });
    });
}

/** One line a candidate; streamed, so nothing is lined up. */
async function writeTable(rows: AsyncIterable<CandidateLine>): Promise<void> {
  for await (const row of rows) {
    const why = row.reason === null ? '' : ` ${row.reason}${row.detail === null ? '' : ` (${row.detail})`}`;
    const what = row.sha256 === null ? '' : ` ${row.sha256.slice(0, 12)} ${row.width}x${row.height}`;
    await writeOut(
      `${row.wnid}  ${row.state}${why}${what}  ${row.licence}  ${row.source}:${JSON.stringify(row.sourceId)}\n`,
    );
  }
}
