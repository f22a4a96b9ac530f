import { type Command, InvalidArgumentError, Option } from 'commander';
import { makeShortlist, type MadeShortlist, type ShortlistOptions } from '../app/make-shortlist.ts';
import type { Workspace } from '../app/workspace.ts';
import { displayPath } from '../config/root.ts';
import { groupBy } from '../kernel/group-by.ts';
import type { ShortlistRow } from '../shortlist/shortlist.ts';
import { addGlobalFlags, runOnCollection, type GlobalFlags } from './context.ts';
import { plural, tableText, writeOut } from './output.ts';
import { startProgress } from './progress.ts';
import { SHORTLIST_FORMATS, shortlistFormatOf, writeShortlist, type ShortlistFormat } from './shortlist-formats.ts';

interface ShortlistFlags extends GlobalFlags {
  readonly cap?: number;
  readonly format?: ShortlistFormat;
}

export function addShortlistCommand(program: Command): void {
  addGlobalFlags(
    program
      .command('shortlist')
      .description('List what was kept, with at most a cap of photos per confusion and no near-duplicates'),
  )
    .addOption(
      new Option('--cap <n>', "photos per confusion at most (default: the collection's policy.cap)").argParser(
        wholeNumber,
      ),
    )
    .addOption(
      new Option('--format <format>', 'print the shortlist for another tool; jsonl is what --json gives').choices(
        SHORTLIST_FORMATS,
      ),
    )
    .addHelpText(
      'after',
      `
Writes shortlist.csv and shortlist.html (a contact sheet; of many photos an index, with a page for
each class in pages/) to <data>/shortlists/<collection>/.
The same catalogue gives the same shortlist, byte for byte.

--format prints what is listed (csv and jsonl: what is left out, too):
  label-studio  tasks with the confusion as a prediction, for a project whose labelling setup is
                <View><Image name="image" value="$image"/><Choices name="class" toName="image" ...>;
                start Label Studio with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and
                LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=<the data folder>
  fiftyone      fiftyone.Dataset.from_dir(labels_path=<the file>,
                dataset_type=fiftyone.types.FiftyOneImageClassificationDataset)

Examples:
  winnow shortlist --collection imagenet-a
  winnow shortlist --collection imagenet-a --cap 5 --json
  winnow shortlist --collection imagenet-a --format label-studio > tasks.json
`,
    )
    .action(async (flags: ShortlistFlags) => {
      const format = shortlistFormatOf(flags);
      await runOnCollection(flags, { name: 'shortlist', access: 'read' }, async (workspace, { signal }) => {
        const made = await makeShortlistWithProgress(workspace, { cap: flags.cap, signal });
        if (format === 'table') await writeOut(shortlistText(made));
        else await writeShortlist(workspace, made.rows, format);
      });
    });
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`Expected a whole number from 1 but received '${text}'.`);
}

/** Builds the shortlist; features that have to be computed for it first are shown as they come. */
export async function makeShortlistWithProgress(
  workspace: Workspace,
  options: Omit<ShortlistOptions, 'onFeatures'>,
): Promise<MadeShortlist> {
  let [done, total] = [0, 0];
  const shown: { stop(): void }[] = [];
  try {
    return await makeShortlist(workspace, {
      ...options,
      onFeatures: (now) => {
        ({ done, total } = now);
        if (shown.length === 0)
          shown.push(
            startProgress(() => ({ lines: [{ label: 'features', done, total, note: '' }], parts: [], waiting: '' })),
          );
      },
    });
  } finally {
    for (const progress of shown) progress.stop();
  }
}

/** One line a class that keeps anything, its largest confusions named, and where the files are. */
function shortlistText({ rows, funnel, files, nameOf }: MadeShortlist): string {
  if (rows.length === 0)
    return 'nothing is kept yet, so nothing is listed: run winnow filter first, or relax the policy\n';
  // Mode O may have thousands of concepts, so that looking through all rows for each would take minutes.
  const listedAs = groupBy(
    rows.filter((row) => row.state === 'listed'),
    (row) => row.wnid,
  );
  const lines = funnel.classes
    .filter((totals) => totals.wnid !== null && totals.decided.kept > 0)
    .map((totals) => {
      const listed = listedAs.get(totals.wnid ?? '') ?? [];
      return [
        totals.wnid ?? '',
        totals.name,
        totals.decided.kept,
        totals.shortlisted,
        totals.leftOut.cap,
        totals.leftOut.nearDuplicate,
        confusionsText(listed, nameOf),
      ];
    });
  const { shortlisted } = funnel.totals;
  return [
    tableText(
      [
        ...(funnel.mode === 'A' ? ['wnid', 'class'] : ['id', 'concept']),
        'kept',
        'listed',
        'over cap',
        'near-dup',
        'taken for',
      ],
      lines,
    ),
    `listed ${plural(shortlisted, 'photo')} of ${plural(funnel.totals.decided.kept, 'kept photo')}`,
    `table:         ${displayPath(files.csv)}`,
    `contact sheet: ${displayPath(files.html)}\n`,
  ].join('\n');
}

const CONFUSIONS_SHOWN = 3;

function confusionsText(listed: readonly ShortlistRow[], nameOf: (wnid: string) => string): string {
  const counts = [...groupBy(listed, (row) => row.confusionWnid)].map(([wnid, photos]) => ({
    wnid,
    count: photos.length,
  }));
  const largest = counts.toSorted((a, b) => b.count - a.count || (a.wnid < b.wnid ? -1 : 1));
  const shown = largest
    .slice(0, CONFUSIONS_SHOWN)
    .map(({ wnid, count }) => `${nameOf(wnid)}${count > 1 ? ` ${count}` : ''}`);
  const more = largest.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? `, ${more} more` : ''}`;
}
