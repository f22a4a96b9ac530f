import { countOf, countText } from '../../kernel/texts.ts';
import type { Account } from './account.ts';
import { markdownLink, markdownText, webAddress } from './attribution.ts';
import { DOMAINS } from '../layout.ts';
import { bullets, markdownTable } from './markdown.ts';
import type { ExportReason } from '../protocol.ts';
import { COLLECTION_NOTE, licenceNotes, licenceUrlOf, type LicenceNote } from '../select/rights.ts';

/** Why a photo is not in an export, in words that follow "because". */
const LEFT_OUT_TEXTS: Readonly<Record<ExportReason, string>> = {
  unreviewed: 'nobody has reviewed it',
  rejected: 'reviewers rejected it',
  unsure: 'reviewers were unsure',
  disputed: 'reviewers disagreed',
  'taken-down': 'it was taken down',
  withdrawn: 'its source does not offer it any more, or its licence is not allowed any more',
  dropped: 'the filter drops it under the rules of now',
  failed: 'it cannot be evaluated',
  undecided: 'the filter has not decided it under the rules of now',
  'left-out': 'it was accepted, but the shortlist of now does not list it',
  licence: 'its licence is not one of those that this export allows',
  duplicate: 'it was accepted for several classes',
  cap: 'its confusion already has as many accepted photos as the rules allow',
};

/** `LICENSES.md`: the licences, what they ask of users, what was left out, and whom to ask for a takedown. */
export function licencesPage(account: Account): string {
  const notes = distinctNotes(account);
  const sections = [
    ['# Licences of the photos'],
    [
      'Each photo keeps its own licence: what the source said when the photo was found, or `unknown`. The column `license` of ' +
        '[attribution.csv](attribution.csv) has it; [ATTRIBUTION.md](ATTRIBUTION.md) names the creators.',
    ],
    ...rightsNotes(account).map((text) => [text]),
    ...ownLicence(account),
    [licenceTable(account)],
    ...controlLicences(account),
    ...(notes.length === 0
      ? []
      : [['## What the licences ask of you'], [bullets(notes.map(({ term, text }) => `**${term}**: ${text}`))]]),
    ...advice(account, new Set(notes.map(({ term }) => term))),
    ['## What was left out'],
    ...leftOut(account),
    ['## If a photo should not be here'],
    [account.texts.takedown],
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** Restrictions other than copyright, what was said to machines, and licences that the sources do not give. */
export function rightsNotes({ licences, restrictions = [], domains = [] }: Account): readonly string[] {
  const named = restrictions.map(
    ({ restriction, photos }) => `${markdownText(restriction)} (${countOf(photos, 'photo')})`,
  );
  const text = `The sources name restrictions other than copyright: ${named.join(', ')}. The column \`restrictions\` of \`test/metadata.jsonl\` has them.`;
  const saysMore = domains.some(({ signals }) => signals.length > 0);
  const signals = `What hosts and files say about the use of photos by machines is in the column \`usage_signals\` of \`test/metadata.jsonl\`, as it came, and by host in [${DOMAINS}](${DOMAINS}).`;
  return [...(named.length === 0 ? [] : [text]), ...(saysMore ? [signals] : []), ...statedLicences(licences)];
}

/** No sentence if all licences are those of the sources. */
function statedLicences(licences: Account['licences']): readonly string[] {
  const photos = licences.reduce((sum, { stated = 0 }) => sum + stated, 0);
  if (photos === 0) return [];
  const whose = photos === 1 ? 'its source gives' : 'their sources give';
  return [
    `The curators state the licence of ${countOf(photos, 'photo')}, because ${whose} none. Each line of attribution says so.`,
  ];
}

function ownLicence({ card }: Account): readonly (readonly string[])[] {
  const licence = card['licence'];
  return licence === undefined ? [] : [[`Labels, selection and texts: ${markdownText(licence)}.`]];
}

function controlLicences({ control }: Account): string[][] {
  if (control === undefined || control.photos === 0) return [];
  return [[`The controls in \`control/\` are under ${control.licences.map(markdownText).join(', ')}.`]];
}

function distinctNotes({ allLicences }: Account): readonly LicenceNote[] {
  const all = allLicences.flatMap((licence) => licenceNotes(licence));
  return [...new Map(all.map((note) => [note.term, note])).values()];
}

export function licenceTable({ licences, photos }: Account): string {
  const rows = licences.map(({ licence, url, photos: count }) => [
    markdownLink(licence, webAddress(url) || licenceUrlOf(licence)),
    countText(count),
    licenceNotes(licence)
      .map(({ term }) => term)
      .join(', '),
  ]);
  return markdownTable(['licence', 'photos', 'asks'], [...rows, ['all', countText(photos), '']]);
}

/** How to stay within the licences. Rows are selected by the names of licences, so the advice names those of this export. */
function advice(account: Account, terms: ReadonlySet<string>): readonly (readonly string[])[] {
  const { options, reencoded } = account;
  const lines = [
    'To measure a model, run it on the photos as they are. This passes no photo on.',
    'If you show a photo, in a paper or on a page, show all of it and print its line of attribution.',
    terms.has('NC') && `For commercial work, leave out the photos under ${licencesWith(account, 'NC')}.`,
    terms.has('ND') &&
      `Before you pass on cropped or edited photos, leave out those under ${licencesWith(account, 'ND')}.`,
    'If you pass the set on, pass on attribution.csv and this page with it.',
    reencoded > 0 &&
      `${countOf(reencoded, 'file')} written as PNG: the column \`changes\` of attribution.csv says which.`,
    options.thumbnails && '`thumbnails/` has smaller copies of whole photos for previews.',
  ];
  return [['## How to stay within the licences'], [bullets(lines.filter((line) => line !== false))], [COLLECTION_NOTE]];
}

function licencesWith({ allLicences }: Account, term: string): string {
  const ids = allLicences.flatMap((licence) =>
    licenceNotes(licence).some((note) => note.term === term) ? [markdownText(licence)] : [],
  );
  return ids.join(', ');
}

function leftOut({ leftOut: reasons, options, tombstones }: Account): readonly (readonly string[])[] {
  const rows = reasons.map(({ reason, count }) => [countText(count), LEFT_OUT_TEXTS[reason]]);
  const rule =
    options.licences === null
      ? options.pixels
        ? 'A photo is left out if its licence does not allow people to pass it on, or is not known.'
        : 'This export leaves out no photo for its licence, because it has links and no pictures.'
      : `This export allows only these licences: ${options.licences.map(markdownText).join(', ')}.`;
  return [
    [rule],
    [rows.length === 0 ? 'No photo was left out.' : markdownTable(['photos', 'left out because'], rows)],
    ...(tombstones.length === 0
      ? []
      : [[`Taken down since an earlier revision: ${tombstones.map(({ id }) => `\`${id}\``).join(', ')}.`]]),
  ];
}
