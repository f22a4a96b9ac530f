import { type Command, InvalidArgumentError, Option } from 'commander';
import { makeShortlist, type MadeShortlist } from '../app/make-shortlist.ts';
import { displayPath } from '../config/root.ts';
import { groupBy } from '../kernel/group-by.ts';
import type { ShortlistRow } from '../shortlist/shortlist.ts';
import { shortlistLine } from '../shortlist/shortlist-csv.ts';
import { addGlobalFlags, runOnCollection, type GlobalFlags } from './context.ts';
import { plural, tableText, writeJsonLines, writeOut } from './output.ts';

interface ShortlistFlags extends GlobalFlags {
  readonly cap?: number;
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
    .addHelpText(
      'after',
      `
Writes shortlist.csv and shortlist.html (a contact sheet; of many photos an index, with a page for
each class in pages/) to <data>/shortlists/<collection>/.
The same catalogue gives the same shortlist, byte for byte.

Examples:
  winnow shortlist --collection imagenet-a
  winnow shortlist --collection imagenet-a --cap 5 --json
`,
    )
    .action(async (flags: ShortlistFlags) => {
      await runOnCollection(flags, { name: 'shortlist', access: 'read' }, async (workspace, { signal }) => {
        const made = await makeShortlist(workspace, { cap: flags.cap, signal });
        if (flags.json === true) await writeJsonLines(made.rows.map(shortlistLine));
        else await writeOut(shortlistText(made));
      });
    });
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`Expected a whole number from 1 but received '${text}'.`);
}

/** One line a class that keeps anything, its largest confusions named, and where the files are. */
function shortlistText({ rows, funnel, files, nameOf }: MadeShortlist): string {
  if (rows.length === 0)
    return 'nothing is kept yet, so nothing is listed: run winnow filter first, or relax the policy\n';
  const lines = funnel.classes
    .filter((totals) => totals.wnid !== null && totals.decided.kept > 0)
    .map((totals) => {
      const listed = rows.filter((row) => row.wnid === totals.wnid && row.state === 'listed');
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
