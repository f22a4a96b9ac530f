import type { Command } from 'commander';
import * as z from 'zod';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { buildShortlist } from '../../library/shortlist.process.ts';
import { optional } from '../start/flags.ts';
import { SHORTLIST, type ShortlistOptions } from '../../library/options.ts';
import type { MadeShortlist } from '../../shortlist/make-shortlist.process.ts';
import { nextLines } from '../../status/status.process.ts';
import { displayPath } from '../../config/root.ts';
import { groupBy } from '../../kernel/group-by.ts';
import type { ShortlistRow } from '../../shortlist/shortlist.ts';
import { isSafeCsv, SAFE_CSV } from '../text/csv-output.ts';
import { formatOf } from '../review/list-flags.ts';
import { nonEmpty, plural, SUBJECT_HEADS, writeOut } from '../text/output.ts';
import { countOf, countText } from '../../kernel/texts.ts';
import { STRATA } from '../../kernel/strata.ts';
import { tableText } from '../text/table.ts';
import { withSteps } from '../text/progress.ts';
import { SHORTLIST_FORMATS, writeShortlist } from './shortlist-formats.ts';
import { addCommand, runOnCollection } from '../start/context.ts';

const HELP = `
Writes shortlist.csv and shortlist.html (a contact sheet; of many photos an index, with a page for
each class in pages/) to <data>/shortlists/<collection>/.
The same catalogue and verdicts give the same shortlist, byte for byte.

A photo that was reviewed keeps its place as long as the filter keeps it. Rejected photos do not count
towards the cap, so each leaves a place to the next photo of its confusion. With the setting
review.target, a class gets new photos only until its accepted and unreviewed ones reach that number.
Run the command again after a review to fill the places. docs/verdicts.md says more.

--controls adds photos of the same crawl that the filter dropped as \`correct\`: up to N of each class that has
a listed photo, drawn by a seed, from the same sources where possible. Reviewers see them among the listed photos, and see
nothing from the models before they give their verdict. Controls count towards no total, cap or target.
Later shortlists have as many; --controls 0 ends that. Those with a verdict stay. docs/verdicts.md says more.

--crawl-sample draws photos of the same crawl, once all listed photos have their verdict: up to N each of
those that the cap or the target leaves out, that the filter dropped as \`correct\`, and that it dropped as
\`confident\`. People review them as they do controls. \`winnow report\` then estimates how accurate other
models are on the crawl. 50 to 200 are usual. After changes, draw again. docs/verdicts.md says more.

At last the models of review.outsideModels look at the listed photos, for reviewers: minutes for thousands of new ones.
--no-review-evidence leaves that out. The next shortlist makes up for it.

--format is for other tools (csv and jsonl have what is left out, too):
  label-studio  Prints tasks with the class searched as, and the confusion as a prediction. For
                visible pictures:
                1. Start Label Studio with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and
                   LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=<data>/blobs, as an absolute path.
                   Never the data folder itself: it holds passwords.
                2. Make a personal access token there, under Account & Settings, and
                   export LABEL_STUDIO_API_KEY=<the token>
                3. node --import tsx scripts/label-studio.ts tasks.json --blobs <data>/blobs
                The script makes a project with the labelling setup of config/label-studio.xml, adds
                a local storage for each folder in blobs/ that the tasks need (Label Studio refuses
                its document root as a storage), and imports the tasks.
  fiftyone      Writes a dataset to <data>/shortlists/<collection>/fiftyone/. In Python:
                import fiftyone as fo
                dataset = fo.Dataset.from_dir(dataset_dir="<that folder>",
                                              dataset_type=fo.types.FiftyOneDataset)
                Fields: searched_as, prediction (with confidence), prob_searched_as (p of the class
                searched as), rank, licence, licence_url, creator, page_url and others.
docs/imports.md says more.

Examples:
  winnow shortlist --collection imagenet-a
  winnow shortlist --collection imagenet-a --cap 5 --json
  winnow shortlist --collection imagenet-a --format label-studio > tasks.json
  winnow shortlist --collection imagenet-a --format fiftyone
`;

const { reviewEvidence, ...CAPS } = SHORTLIST.shape;

export function addShortlistCommand(program: Command): void {
  addCommand(program, 'shortlist', 'List the kept photos: at most a cap for each confusion, and no near-duplicates')
    .flags({
      ...CAPS,
      format: optional(
        z.enum(SHORTLIST_FORMATS),
        'format',
        'write the shortlist for another tool; jsonl is the format of --json',
      ),
      safeCsv: SAFE_CSV,
      reviewEvidence,
    })
    .addHelpText('after', HELP)
    .run(async (flags) => {
      const format = formatOf(flags);
      const isSafe = isSafeCsv(flags, format);
      await runOnCollection(
        flags,
        { name: 'shortlist', access: 'read', waitsForDatabase: true, rules: 'work' },
        async (workspace, { signal }) => {
          const made = await makeShortlistWithProgress(workspace, { ...flags, signal });
          if (format !== 'table') return writeShortlist(workspace, made.rows, { format, isSafe });
          await writeOut(shortlistText(made) + (await nextLines(workspace)));
        },
      );
    });
}

export async function makeShortlistWithProgress(
  workspace: Workspace,
  options: ShortlistOptions & { readonly signal: AbortSignal },
): Promise<MadeShortlist> {
  return withSteps((onProgress) => buildShortlist(workspace, { ...options, onProgress }));
}

function shortlistText(made: MadeShortlist): string {
  const { rows, funnel, files, nameOf } = made;
  if (rows.length === 0)
    return 'nothing is kept yet, so nothing is listed: run winnow filter first, or relax the policy\n';
  // Grouped once: mode O may have thousands of concepts, and scanning all rows for each would take minutes.
  const listedAs = groupBy(
    rows.filter((row) => row.state === 'listed'),
    (row) => row.wnid,
  );
  const hasTarget = made.target !== null;
  const lines = funnel.classes.flatMap(({ wnid, name, decided, shortlisted, leftOut }) => {
    if (wnid === null || decided.kept === 0) return [];
    const confusions = confusionsText(listedAs.get(wnid) ?? [], nameOf);
    const past = hasTarget ? [leftOut.target] : [];
    return [[wnid, name, decided.kept, shortlisted, leftOut.cap, leftOut.nearDuplicate, ...past, confusions]];
  });
  const { shortlisted: listed, decided } = funnel.totals;
  const past = hasTarget ? ['past target'] : [];
  return [
    tableText([...SUBJECT_HEADS[funnel.mode], 'kept', 'listed', 'over cap', 'near-dup', ...past, 'taken for'], lines),
    `listed ${plural(listed, 'photo')} of ${plural(decided.kept, 'kept photo')}`,
    ...controlLines(made),
    ...drawnLines(made),
    ...reviewLines(made),
    `table:         ${displayPath(files.csv)}`,
    `contact sheet: ${displayPath(files.html)}\n`,
  ].join('\n');
}

function controlLines({ rows, controls }: MadeShortlist): string[] {
  if (controls === 0) return [];
  const chosen = rows.filter(({ state }) => state === 'control');
  const { size } = new Set(chosen.map(({ wnid }) => wnid));
  return [`controls: ${chosen.length} of ${countOf(size, 'class', 'classes')}, at most ${controls} per class`];
}

function drawnLines({ drawn }: MadeShortlist): string[] {
  if (drawn === null) return [];
  const strata = drawn.strata
    .filter(({ name }) => name !== 'listed')
    .map((one) => `${countText(one.drawn)} of ${countText(one.photos)} ${STRATA[one.name]}`);
  return nonEmpty([
    `drawn from the crawl: ${strata.join(', ')}`,
    drawn.pruned > 0 &&
      `the bytes of ${plural(drawn.pruned, 'drawn photo')} are deleted: run winnow retry --reason pruned, crawl, then shortlist`,
  ]);
}

function reviewLines({ funnel, changes, target }: MadeShortlist): string[] {
  const { selected, rejected, unsure, disputed } = funnel.totals;
  const reviewed = selected + rejected + unsure + disputed;
  const crawled = funnel.classes.filter(({ wnid, found }) => wnid !== null && found > 0);
  const short = crawled.filter((row) => target !== null && row.selected + row.unreviewed < target);
  return nonEmpty([
    reviewed > 0 && `newly listed: ${changes.added}, no longer listed: ${changes.removed}`,
    reviewed > 0 &&
      `kept their place because they were reviewed: ${reviewed}, of which ${rejected} rejected ones do not count towards the cap`,
    short.length > 0 &&
      `crawled classes with fewer accepted and unreviewed photos than review.target (${target}): ${short.length} of ${crawled.length}`,
  ]);
}

const CONFUSIONS_SHOWN = 3;

function confusionsText(listed: readonly ShortlistRow[], nameOf: (wnid: string) => string): string {
  const largest = [...groupBy(listed, (row) => row.confusionWnid)].toSorted(
    ([a, photosOfA], [b, photosOfB]) => photosOfB.length - photosOfA.length || (a < b ? -1 : 1),
  );
  const shown = largest
    .slice(0, CONFUSIONS_SHOWN)
    .map(([wnid, { length }]) => `${nameOf(wnid)}${length > 1 ? ` ${length}` : ''}`);
  const more = largest.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? `, ${more} more` : ''}`;
}
