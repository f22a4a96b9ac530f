import type { Command } from 'commander';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import type { MadeShortlist } from '../../shortlist/make-shortlist.process.ts';
import { displayPath } from '../../config/root.ts';
import type { Funnel } from '../../kernel/funnel.ts';
import { groupBy } from '../../kernel/group-by.ts';
import type { CrawlPlan } from '../../library/crawl-plan.process.ts';
import { crawlSummary } from '../../library/crawl-summary.process.ts';
import { filterSummary } from '../../library/filter-summary.process.ts';
import { summaryText } from '../crawl/crawl-summary-text.ts';
import {
  CRAWL_FLAGS,
  continuing,
  crawlPlanOf,
  finish,
  limitSetting,
  whereFlags,
  type CrawlFlags,
} from '../crawl/crawl.ts';
import { filterText } from '../filter.ts';
import { nextStep, nextText, withoutLicenceText } from '../../kernel/next-step.ts';
import { readCollectionState } from '../../status/status.process.ts';
import { linesText, nonEmpty, plural, writeData, writeOut, EXIT } from '../text/output.ts';
import { tableText } from '../text/table.ts';
import { makeShortlistWithProgress } from '../shortlist/shortlist.ts';
import { addCommand, runWithCollection, withWorkspace, type CollectionContext } from '../start/context.ts';
import { checkedFunnel, funnelText } from '../status/status.ts';
import { STAGES_USE } from '../../library/stages.process.ts';
import { showStages } from './run-stages.ts';
import { SUBJECTS } from '../../kernel/mode.ts';

export function addRunCommand(program: Command): void {
  addCommand(program, 'run', 'Crawl, filter and shortlist in one command, as photos arrive')
    .flags(CRAWL_FLAGS)
    .addHelpText(
      'after',
      `
Continues where an earlier run ended and repeats nothing. --json prints the same as winnow status --json.

Example:
  winnow run --collection imagenet-a --source folder --from ~/photos
`,
    )
    .run((flags) => runToShortlist(flags, 'run'));
}

type EndOfRun = (workspace: Workspace, context: CollectionContext, made: MadeShortlist) => Promise<number>;

/** @param end follows a complete run instead of the outcome; its exit code is the command's */
export async function runToShortlist(flags: CrawlFlags, name: string, end?: EndOfRun): Promise<void> {
  await runWithCollection(flags, { settings: limitSetting(flags) }, async (context) => {
    const plan = await crawlPlanOf(context, flags);
    return withWorkspace(context, { ...STAGES_USE, name, rules: 'change' }, async (workspace) => {
      const { made, code } = await run(workspace, context, { plan, flags });
      if (made !== null && code === EXIT.done && end !== undefined) return end(workspace, context, made);
      if (flags.json === true) await writeFunnel(made?.funnel ?? (await checkedFunnel(workspace)));
      else if (made !== null) {
        await writeOutcome(context, made);
        await writeOut(await endText(workspace, made));
      }
      return code;
    });
  });
}

async function run(
  workspace: Workspace,
  context: CollectionContext,
  { plan, flags }: { readonly plan: CrawlPlan; readonly flags: CrawlFlags },
): Promise<{ readonly made: MadeShortlist | null; readonly code: number }> {
  const { signal } = context;
  const result = await showStages(workspace, context, {
    stages: ['discover', 'fetch', 'filter'],
    plan,
    class: flags.class,
    allow: flags.allow,
    since: flags.since,
    again: flags.again,
  });
  const where = whereFlags(context);
  const command = continuing('run', where, flags);
  const summary = await crawlSummary(workspace, { result, plan, where, command, from: flags.from });
  const { undecidedPruned } = await filterSummary(workspace, result);
  if (flags.json !== true) await writeOut(summaryText(summary) + filterText(result, context, undecidedPruned));
  const made = signal.aborted ? null : await makeShortlistWithProgress(workspace, { signal });
  return { made, code: finish(result, context, summary.problems) };
}

export async function writeFunnel(funnel: Funnel): Promise<void> {
  await writeData(`${JSON.stringify(funnel)}\n`);
}

export async function writeOutcome(context: CollectionContext, made: MadeShortlist): Promise<void> {
  await writeOut(`\n${outcomeText(made, `winnow status ${whereFlags(context)}`)}`);
}

/** Photos without a licence, and the next step. */
async function endText(workspace: Workspace, { funnel }: MadeShortlist): Promise<string> {
  const state = await readCollectionState(workspace, { ...funnel, pending: 0 });
  return linesText([
    withoutLicenceText(state.withoutLicence.listed, 'listed', state.place),
    nextText(nextStep(state)).trimEnd(),
  ]);
}

const CONFUSIONS_SHOWN = 6;

function outcomeText(made: MadeShortlist, statusCommand: string): string {
  return nonEmpty([
    funnelText(made.funnel),
    confusionsText(made),
    [
      `contact sheet: ${displayPath(made.files.html)}`,
      `table:         ${displayPath(made.files.csv)}`,
      `every class:   ${statusCommand}\n`,
    ].join('\n'),
  ]).join('\n');
}

function confusionsText({ rows, funnel, nameOf }: MadeShortlist): string {
  const confusions = [...groupBy(rows, ({ wnid, confusionWnid }) => `${wnid} ${confusionWnid}`).values()]
    .flatMap((photos) => {
      const sureness = Math.max(...photos.map((photo) => photo.confusionProb));
      const listed = photos.filter(({ state }) => state === 'listed').length;
      return photos.slice(0, 1).map((first) => ({ ...first, kept: photos.length, listed, sureness }));
    })
    .toSorted((a, b) => b.kept - a.kept || b.sureness - a.sureness || (a.sha256 < b.sha256 ? -1 : 1));
  if (confusions.length === 0) return '';
  const table = tableText(
    [SUBJECTS[funnel.mode].one, 'taken for', 'kept', 'listed', 'highest p'],
    confusions.slice(0, CONFUSIONS_SHOWN).map(({ wnid, confusionWnid, kept, listed, sureness }) => {
      return [nameOf(wnid), nameOf(confusionWnid), kept, listed, sureness.toFixed(2)];
    }),
  );
  const more = confusions.length - CONFUSIONS_SHOWN;
  return `${more > 0 ? `the largest of ${plural(confusions.length, 'confusion')}` : 'confusions'}:\n\n${table}`;
}
