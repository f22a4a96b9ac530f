import { type Command, Option } from 'commander';
import { stagesOf } from '../app/shortlist-files.ts';
import { readFunnel } from '../app/status.ts';
import type { Workspace } from '../app/workspace.ts';
import { sumOf, sumsThatFail, type Funnel, type Totals } from '../report/funnel.ts';
import { addGlobalFlags, runOnCollection, type GlobalFlags } from './context.ts';
import { countText, tableText, writeOut } from './output.ts';

interface StatusFlags extends GlobalFlags {
  readonly all?: boolean;
}

export function addStatusCommand(program: Command): void {
  addGlobalFlags(
    program.command('status').description('The funnel: what became of everything that was found, per class and in all'),
  )
    .addOption(new Option('--all', 'classes without candidates, too'))
    .addHelpText(
      'after',
      `
The numbers add up:
  found       = waiting + fetched + dropped + failed
  fetched     = duplicates + kept + correct + confident + undecided + undecodable
  kept        = shortlisted + left out (cap, near-duplicate) + unlisted
  shortlisted = selected + rejected + unreviewed

Example:
  winnow status --collection imagenet-a --json | jq .totals
`,
    )
    .action(async (flags: StatusFlags) => {
      await runOnCollection(flags, { name: 'status' }, async (workspace) => {
        await printStatus(workspace, { json: flags.json === true, everyClass: flags.all === true });
      });
    });
}

export async function printStatus(
  workspace: Workspace,
  options: { readonly json: boolean; readonly everyClass: boolean },
): Promise<Funnel> {
  const funnel = await readFunnel(workspace);
  for (const sum of sumsThatFail(funnel.totals))
    workspace.app.log.error({ collection: funnel.collection }, `the funnel does not add up: ${sum}`);
  await writeOut(options.json ? `${JSON.stringify(funnel)}\n` : statusText(funnel, options.everyClass));
  return funnel;
}

const BAR_WIDTH = 32;

function statusText(funnel: Funnel, everyClass: boolean): string {
  const { totals, classes, sources } = funnel;
  const shown = everyClass ? classes : classes.filter((row) => row.found > 0);
  return [
    `${funnel.collection} (mode ${funnel.mode})\n`,
    funnelText(totals),
    shown.length === 0
      ? 'no candidates yet: winnow crawl takes photos in\n'
      : tableText(
          ['wnid', 'class', ...COLUMNS],
          shown.map((row) => [row.wnid ?? '-', row.name, ...cellsOf(row)]),
        ),
    sources.length > 1
      ? tableText(
          ['source', ...COLUMNS],
          sources.map((row) => [row.source, ...cellsOf(row)]),
        )
      : '',
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** Each stage as a bar, with what it lost and why. */
function funnelText(totals: Totals): string {
  const stages = stagesOf(totals);
  const widest = Math.max(1, stages[0]?.count ?? 1);
  const lines = stages.map(({ name, count, lost = [] }) => {
    const bar = '█'.repeat(Math.round((count / widest) * BAR_WIDTH)).padEnd(BAR_WIDTH, '·');
    const losses = lost.map(({ reason, count: n }) => `${reason} ${countText(n)}`).join(', ');
    return `  ${name.padEnd(16)}${bar} ${countText(count).padStart(9)}${losses === '' ? '' : `   - ${losses}`}`;
  });
  return `${lines.join('\n')}\n`;
}

const COLUMNS = [
  'found',
  'fetched',
  'dropped',
  'failed',
  'dup',
  'kept',
  'correct',
  'confident',
  'undecided',
  'listed',
  'left out',
] as const;

function cellsOf(totals: Totals): number[] {
  const { decided, leftOut } = totals;
  return [
    totals.found,
    totals.fetched,
    sumOf(totals.dropped),
    sumOf(totals.failed),
    totals.duplicates,
    decided.kept,
    decided.correct,
    decided.confident,
    decided.undecided,
    totals.shortlisted,
    sumOf(leftOut),
  ];
}
