import type { MadeShortlist } from '../app/shortlist/make-shortlist.ts';
import { displayPath } from '../config/root.ts';
import type { Funnel } from '../funnel/funnel.ts';
import { groupBy } from '../kernel/group-by.ts';
import type { ShortlistRow } from '../shortlist/shortlist.ts';
import { nonEmpty, plural, tableText } from './output.ts';
import { funnelText } from './status.ts';

const CONFUSIONS_SHOWN = 8;

/** The result of a run for people: the funnel, its largest confusions, and where to look next. */
export function outcomeText({ rows, funnel, files, nameOf }: MadeShortlist, statusCommand: string): string {
  return nonEmpty([
    funnelText(funnel),
    confusionsText(rows, { mode: funnel.mode, nameOf }),
    [
      `contact sheet: ${displayPath(files.html)}`,
      `table:         ${displayPath(files.csv)}`,
      `every class:   ${statusCommand}\n`,
    ].join('\n'),
  ]).join('\n');
}

/** The confusions with the most kept photos; among equals the most confident first. */
function confusionsText(
  rows: readonly ShortlistRow[],
  { mode, nameOf }: Pick<MadeShortlist, 'nameOf'> & Pick<Funnel, 'mode'>,
): string {
  const confusions = [...groupBy(rows, ({ wnid, confusionWnid }) => `${wnid} ${confusionWnid}`).values()]
    .flatMap((photos) => {
      const sureness = Math.max(...photos.map((photo) => photo.confusionProb));
      const listed = photos.filter(({ state }) => state === 'listed').length;
      return photos.slice(0, 1).map((first) => ({ ...first, kept: photos.length, listed, sureness }));
    })
    .toSorted((a, b) => b.kept - a.kept || b.sureness - a.sureness || (a.sha256 < b.sha256 ? -1 : 1));
  if (confusions.length === 0) return '';
  const table = tableText(
    [mode === 'A' ? 'class' : 'concept', 'taken for', 'kept', 'listed', 'highest p'],
    confusions.slice(0, CONFUSIONS_SHOWN).map(({ wnid, confusionWnid, kept, listed, sureness }) => {
      return [nameOf(wnid), nameOf(confusionWnid), kept, listed, sureness.toFixed(2)];
    }),
  );
  const more = confusions.length - CONFUSIONS_SHOWN;
  return `${more > 0 ? `the largest of ${plural(confusions.length, 'confusion')}` : 'confusions'}:\n\n${table}`;
}
