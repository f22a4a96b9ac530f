import { access } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import type { Command } from 'commander';
import type { App } from './core/runtime/open/app.process.ts';
import type { Workspace } from './core/models/workspace/workspace.process.ts';
import { addDisplayReferences, addSampleReferences } from './core/filter/references/references.process.ts';
import { displayPath, packageRoot } from './core/config/root.ts';
import { codeOf, messageOf } from './core/kernel/errors.ts';
import { withFileLock } from './core/platform/lock/file-lock.ts';
import { pathOf } from './core/page/frame.tsx';
import { bestOutsider } from './measure/report/page/models.ts';
import type { Report } from './measure/report/report.ts';
import { readReport } from './measure/report/stored-report.repository.ts';
import { importVerdicts } from './core/review/import/import.process.ts';
import { readVerdicts } from './core/review/import/read-verdicts.process.ts';
import { readExported } from './core/status/next-step.repository.ts';
import { nextLines } from './core/status/status.process.ts';
import type { MadeShortlist } from './core/shortlist/make-shortlist.process.ts';
import { whereFlags } from './core/cli/crawl/crawl.ts';
import { exportWithProgress } from './core/cli/export/export.ts';
import { verificationText, verifyWithProgress } from './core/cli/export/verify.ts';
import { reportWithProgress, withInterval } from './measure/cli/report.ts';
import { serveReview } from './web/cli/review.ts';
import { serve } from './web/cli/server.ts';
import { runToShortlist, writeFunnel, writeOutcome } from './core/cli/run/run.ts';
import { makeShortlistWithProgress } from './core/cli/shortlist/shortlist.ts';
import { addGlobalFlags, type CollectionContext, type GlobalFlags } from './core/cli/start/context.ts';
import { checkedFunnel, funnelText } from './core/cli/status/status.ts';
import { linesText, nonEmpty, plural, writeOut, EXIT } from './core/cli/text/output.ts';

const DEMO = path.join(packageRoot, 'assets', 'demo');
/** Ordinary photos of classes of the demo, which are not filtered. */
const CLEAN = path.join(DEMO, 'clean');

interface DemoFlags extends GlobalFlags {
  readonly verdicts: boolean;
  readonly review: boolean;
}

export function addDemoCommand(program: Command): void {
  addGlobalFlags(
    program
      .command('demo')
      .description('Go from the bundled photos to a verified set and its report; needs no network')
      .option('--no-verdicts', 'end after the shortlist, without the recorded verdicts')
      .option('--no-review', 'do not serve the pages at the end'),
    { data: 'data/demo' },
  )
    .addHelpText(
      'after',
      `
It crawls, filters and shortlists the bundled photos with the bundled models. It imports the verdicts
that were recorded for these photos (reviewer demo), exports the accepted photos to DIR/exports/demo,
verifies the export, and writes a report to DIR/reports/demo. DIR is the data folder.

On a terminal it then serves the pages until Ctrl-C. Otherwise it prints the command that serves them.
Interrupt it anywhere: the next run continues. A photo that has a verdict keeps it. An export
that is there stays as it is. For a fresh start, remove the data folder first.

Examples:
  winnow demo
  winnow demo --no-verdicts               # you give the verdicts
`,
    )
    .action(async (flags: DemoFlags) => {
      const collection = flags.collection ?? 'demo';
      const end = flags.verdicts ? toTheEnd : withoutVerdicts;
      await runToShortlist(
        { ...flags, collection, from: DEMO, source: ['folder'], again: false },
        'demo',
        (workspace, context, made) => end(workspace, { ...context, flags: { ...flags, collection } }, made),
      );
    });
}

interface DemoContext extends CollectionContext {
  readonly flags: DemoFlags;
}

/** Reviewers compare photos with the valid ones and the clean ones of the demo. */
async function addReferences(app: App, signal: AbortSignal): Promise<void> {
  await addSampleReferences(app, DEMO, signal);
  const counts = { seen: 0, held: 0, unchanged: 0, unreadable: {} };
  await addDisplayReferences(app, { dir: CLEAN }, { signal, counts });
}

const HUMAN_STEP = `
A photo that the filter keeps is hard for these models, or is no valid photo of its class.
Choosing the valid ones is the human step:
`;
const REVIEWED = '\nEvery listed photo has its verdict. To look at them:\n';

async function withoutVerdicts({ app }: Workspace, context: DemoContext, made: MadeShortlist): Promise<number> {
  await addReferences(app, context.signal);
  if (context.flags.json === true) {
    await writeFunnel(made.funnel);
    return EXIT.done;
  }
  await writeOutcome(context, made);
  await writeOut(made.funnel.totals.unreviewed > 0 ? HUMAN_STEP : REVIEWED);
  return serveOnTerminal(context, () => serveReview(app, context, null), `  winnow review ${whereFlags(context)}\n`);
}

/** A second process that runs the demo on the same data folder waits, and then finds everything done. */
const LOCK = { purpose: 'finishing the demo', waitMs: 600_000 };

async function toTheEnd(workspace: Workspace, context: DemoContext, { files }: MadeShortlist): Promise<number> {
  const { app, collection } = workspace;
  const { flags, signal } = context;
  await addReferences(app, signal);
  const lock = { ...LOCK, path: path.join(app.dataDir, 'demo.lock'), signal };
  const finished = await withFileLock(lock, () => finish(workspace, context));
  const funnel = await checkedFunnel(workspace);
  const code = finished.isVerified ? EXIT.done : EXIT.incomplete;
  if (flags.json === true) {
    await writeFunnel(funnel);
    return code;
  }
  const places = placesText({ sheet: files.html, ...finished });
  await writeOut(`\n${nonEmpty([funnelText(funnel), accuracyText(finished.report), places]).join('\n')}`);
  if (!finished.isVerified) return code;
  const announce = (origin: string): Promise<void> =>
    writeOut(`pages:         ${origin}${pathOf(collection.name)} (Ctrl-C ends it)\n`);
  return serveOnTerminal(
    context,
    () => serve(app, context, { reviewer: null, announce }),
    `pages:         winnow server ${whereFlags(context)}\n`,
  );
}

interface Finished {
  readonly exported: string;
  readonly isVerified: boolean;
  readonly report: Report;
  /** The report to read. */
  readonly page: string;
}

/** Each step keeps what an earlier run has done, so that an interrupted demo continues. */
async function finish(workspace: Workspace, context: DemoContext): Promise<Finished> {
  const { signal, flags } = context;
  const say = async (text: string): Promise<void> => (flags.json === true ? undefined : writeOut(text));
  await say(await recordVerdicts(workspace, signal));
  const { app, scope } = workspace;
  const { name } = workspace.collection;
  const exported = path.join(flags.data, 'exports', name);
  await say(await exportOnce(workspace, exported, signal));
  const verification = await verifyWithProgress(exported, context);
  await say(verificationText(verification));
  const out = path.join(flags.data, 'reports', name);
  const page = path.join(out, 'report.html');
  const { isNewest, isReported } = await readExported(app.db, scope);
  const stored = isNewest && isReported && (await isThere(page)) ? await readReport(app.db, scope) : null;
  const { report } = stored ?? (await reportWithProgress(workspace, { out, clean: CLEAN, signal }));
  return { exported, isVerified: verification.ok, report, page };
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** The shortlist is made again, because its contact sheet shows how many photos are accepted. */
async function recordVerdicts(workspace: Workspace, signal: AbortSignal): Promise<string> {
  const { app, scope } = workspace;
  const { verdicts } = await readVerdicts(path.join(DEMO, 'verdicts.csv'), {
    mode: 'A',
    resolveClass: (wnid) => ({ ok: true, wnid }),
  });
  const { imported } = await importVerdicts(app.db, { ...scope, onlyUnjudged: true }, verdicts);
  if (imported === 0) return 'no recorded verdict is left to import\n';
  await makeShortlistWithProgress(workspace, { signal });
  return `imported ${plural(imported, 'recorded verdict')}\n`;
}

async function exportOnce(workspace: Workspace, out: string, signal: AbortSignal): Promise<string> {
  if (!(await isThere(out))) {
    const { photos } = await exportWithProgress(workspace, { out, signal });
    return `exported ${plural(photos, 'photo')}\n`;
  }
  const { isNewest } = await readExported(workspace.app.db, workspace.scope);
  const stays = 'the export is there already, and stays as it is';
  if (isNewest) return `${stays}\n`;
  return `${stays}. Verdicts or licences have changed since.\n${await nextLines(workspace)}`;
}

function accuracyText(report: Report): string {
  const best = bestOutsider(report);
  if (best === null) return '';
  return linesText([
    `${best.model} took no part in the filter. It is right on ${withInterval(best, 'accuracy')} of the`,
    `accepted photos, and on ${withInterval(best, 'clean')} of clean photos, which were not filtered.`,
  ]);
}

function placesText({ sheet, exported, page }: Pick<Finished, 'exported' | 'page'> & { sheet: string }): string {
  return linesText([
    `contact sheet: ${displayPath(sheet)}`,
    `export:        ${displayPath(exported)}`,
    `report:        ${displayPath(page)}`,
  ]);
}

async function serveOnTerminal(
  { flags, log }: DemoContext,
  servePages: () => Promise<number>,
  otherwise: string,
): Promise<number> {
  if (process.stdout.isTTY && flags.review) {
    try {
      return await servePages();
    } catch (error) {
      // The demo itself has ended well.
      if (codeOf(error) !== 'server-address') throw error;
      log.warn(messageOf(error));
    }
  }
  await writeOut(otherwise);
  return EXIT.done;
}
