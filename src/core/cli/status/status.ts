import type { Command } from 'commander';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { severalClassesText, stagesOf } from '../../page/stages.ts';
import { checked, readFunnel, type Status } from '../../status/status.process.ts';
import { sumOf } from '../../status/funnel.ts';
import { acceptanceStateText } from '../../kernel/acceptance.ts';
import { nextText } from '../../kernel/next-step.ts';
import type { Funnel, Totals } from '../../kernel/funnel.ts';
import { processesText } from '../../kernel/processes.ts';
import { yieldOf } from '../../status/yields.ts';
import { oneLine } from '../../kernel/printable.ts';
import { countText, linesText, nonEmpty, percentText, prunedText, SUBJECT_HEADS, writeResult } from '../text/output.ts';
import { tableText } from '../text/table.ts';
import { pausesLine } from '../operate/pause.ts';
import { addCommand, runOnWinnow } from '../start/context.ts';
import { either } from '../start/flags.ts';
import { budgetsText, queriesLine, queriesText } from './status-tables.ts';

export function addStatusCommand(program: Command): void {
  addCommand(
    program,
    'status',
    'Show the funnel: what happened to everything that was found, for each class and in total',
  )
    .flags({
      all: either(false, 'also show classes without candidates'),
      queries: either(
        false,
        'show every query: the results that the site reports, and how many were seen, fetched and kept',
      ),
    })
    .addHelpText(
      'after',
      `
The numbers add up:
  found       = waiting + fetched + dropped + failed
  fetched     = duplicates + kept + undecided + undecodable + poison
                + correct + confident (mode A) + not confident + of another class (mode O)
                + in a reference set
  kept        = shortlisted + left out (cap, near-duplicate, target) + unlisted
  shortlisted = selected (accepted) + rejected + unsure + disputed + unreviewed
  pruned      = photos whose bytes were deleted (winnow prune): they count as what they were decided
  yield       = kept / fetched; photos that several queries found count as kept for the first of them

Budgets are what sites may still be asked: requests in the next minute and today, bytes this hour and today.
Working now are the other processes on this data folder: the stages at which they work, their machine and since when (UTC).
Inspection says whether the set passes review.acceptance.maxLabelError (winnow acceptance); shown only if that is set.

Examples:
  winnow status --collection imagenet-a --queries
  winnow status --collection imagenet-a --json | jq .totals
  winnow status --collection imagenet-a --json | jq '.queries[] | select(.yield != null) | [.class, .title, .yield]'
`,
    )
    .run(async (flags) => {
      await runOnWinnow(flags, { name: 'status', access: 'read' }, async (winnow) => {
        const status = await winnow.status();
        await writeResult(flags, status, () => statusText(status, flags));
      });
    });
}

export async function checkedFunnel(workspace: Workspace): Promise<Funnel> {
  return checked(workspace, await readFunnel(workspace));
}

const BAR_WIDTH = 32;

function statusText(status: Status, { all, queries }: { readonly all: boolean; readonly queries: boolean }): string {
  const { classes, sources, mode, totals, openControls } = status;
  const shown = all ? classes : classes.filter((row) => row.found > 0);
  return nonEmpty([
    funnelText(status),
    shown.length === 0
      ? 'no candidates yet: run winnow crawl\n'
      : totalsTable(shown, { mode, nameHeads: SUBJECT_HEADS[mode], namesOf: ({ wnid, name }) => [wnid ?? '-', name] }),
    sources.length > 1 && totalsTable(sources, { mode, nameHeads: ['source'], namesOf: ({ source }) => [source] }),
    stopsText(sources),
    totals.undecidedPruned > 0 && `${prunedText(totals.undecidedPruned)}\n`,
    queries ? queriesText(status.queries) : queriesLine(status.queries),
    budgetsText(status.budgets),
    pausesLine(status.pauses),
    processesText(status.processes),
    inspectionText(status),
    openControls !== null && `controls and photos drawn from the crawl without a verdict: ${openControls}\n`,
    nextText(status.next),
  ]).join('\n');
}

function stopsText(sources: Status['sources']): string {
  return linesText(
    sources.map(
      ({ source, stopped }) => stopped !== null && `${source} was given up at ${stopped.at}: ${oneLine(stopped.error)}`,
    ),
  );
}

function inspectionText({ acceptance }: Status): string {
  return acceptance === null ? '' : `inspection ${acceptanceStateText(acceptance)}\n`;
}

export function funnelText(funnel: Funnel): string {
  const { collection, mode, totals } = funnel;
  const stages = stagesOf(totals);
  const widest = Math.max(1, stages[0]?.count ?? 1);
  const digits = countText(widest).length;
  const lines = stages.map(({ name, count, lost = [] }) => {
    const bar = '█'.repeat(Math.round((count / widest) * BAR_WIDTH)).padEnd(BAR_WIDTH, '·');
    const losses = lost.map(({ reason, count: n }) => `${reason} ${countText(n)}`).join(', ');
    return `  ${name.padEnd(16)}${bar}  ${countText(count).padStart(digits)}${losses === '' ? '' : `  - ${losses}`}`;
  });
  return `${collection} (mode ${mode})\n\n${linesText([...lines, severalClassesText(funnel)])}`;
}

/** Columns of counts. Those that are zero in every row are left out, except the ones marked `always`. */
const COLUMNS: readonly {
  readonly head: string;
  readonly always?: true | 'A' | 'O';
  readonly of: (totals: Totals) => number;
}[] = [
  { head: 'found', always: true, of: (totals) => totals.found },
  { head: 'waiting', of: (totals) => totals.waiting },
  { head: 'fetched', always: true, of: (totals) => totals.fetched },
  { head: 'dropped', of: (totals) => sumOf(totals.dropped) },
  { head: 'failed', of: (totals) => sumOf(totals.failed) },
  { head: 'duplicate', of: (totals) => totals.duplicates },
  { head: 'correct', always: 'A', of: (totals) => totals.decided.correct },
  { head: 'confident', always: 'A', of: (totals) => totals.decided.confident },
  { head: 'not confident', always: 'O', of: (totals) => totals.decided.notConfident },
  { head: 'other class', always: 'O', of: (totals) => totals.decided.otherClass },
  { head: 'in reference', of: (totals) => totals.decided.inReferenceSet },
  { head: 'undecodable', of: (totals) => totals.decided.failed - totals.poisoned },
  { head: 'poison', of: (totals) => totals.poisoned },
  { head: 'undecided', of: (totals) => totals.decided.undecided },
  { head: 'pruned', of: (totals) => totals.pruned },
  { head: 'kept', always: true, of: (totals) => totals.decided.kept },
  { head: 'over cap', of: (totals) => totals.leftOut.cap },
  { head: 'near-dup', of: (totals) => totals.leftOut.nearDuplicate },
  { head: 'past target', of: (totals) => totals.leftOut.target },
  { head: 'unlisted', of: (totals) => totals.unlisted },
  { head: 'listed', always: true, of: (totals) => totals.shortlisted },
  { head: 'accepted', of: (totals) => totals.selected },
  { head: 'rejected', of: (totals) => totals.rejected },
  { head: 'unsure', of: (totals) => totals.unsure },
  { head: 'disputed', of: (totals) => totals.disputed },
];

interface TableNames<Row> {
  readonly mode: Funnel['mode'];
  readonly nameHeads: readonly string[];
  readonly namesOf: (row: Row) => readonly string[];
}

function totalsTable<Row extends Totals>(rows: readonly Row[], { mode, nameHeads, namesOf }: TableNames<Row>): string {
  const columns = COLUMNS.filter(
    ({ always, of }) => always === true || always === mode || rows.some((row) => of(row) !== 0),
  );
  return tableText(
    [...nameHeads, ...columns.map(({ head }) => head), 'yield'],
    rows.map((row) => [...namesOf(row), ...columns.map(({ of }) => of(row)), percentText(yieldOf(row).yield)]),
  );
}
