import { markdownLink, markdownText, webAddress } from './attribution.ts';
import type { ExportReason, Protocol } from './protocol.ts';
import { COLLECTION_NOTE, licenceNotes, licenceUrlOf, type LicenceNote } from './rights.ts';

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

/**
 * `LICENSES.md`: the licences of an export with their counts and what they ask of users, what was left out, and whom to ask for a
 * takedown. It depends on the protocol only.
 */
export function licencesPage(protocol: Protocol): string {
  const notes = distinctNotes(protocol);
  const sections = [
    ['# Licences of the photos'],
    [
      'Each photo keeps its own licence. No licence covers the set as a whole. The column `license` of ' +
        '[attribution.csv](attribution.csv) and of `test/metadata.jsonl` says which one a photo has; the licence is what ' +
        'the source said when the photo was found, or `unknown`. [ATTRIBUTION.md](ATTRIBUTION.md) names the creators.',
    ],
    ...ownLicence(protocol),
    licenceTable(protocol),
    ...(notes.length === 0 ? [] : [['## What the licences ask of you'], noteList(notes)]),
    ...advice(protocol, new Set(notes.map(({ term }) => term))),
    ['## What was left out'],
    ...leftOut(protocol),
    ['## If a photo should not be here'],
    [takedownText(protocol)],
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** What the curators say of the part that is theirs. */
function ownLicence({ card }: Protocol): readonly (readonly string[])[] {
  const licence = card['licence'];
  return licence === undefined ? [] : [[`Labels, selection and texts: ${markdownText(licence)}.`]];
}

/** The notes of all licences, each once, in the order in which the licences come. */
function distinctNotes({ licences }: Protocol): readonly LicenceNote[] {
  const all = licences.flatMap(({ licence }) => licenceNotes(licence));
  return [...new Map(all.map((note) => [note.term, note])).values()];
}

function licenceTable({ licences, photos }: Protocol): readonly string[] {
  const rows = licences.map(({ licence, url, photos: count }) => {
    const name = markdownLink(licence, webAddress(url) || licenceUrlOf(licence));
    const asks = licenceNotes(licence).map(({ term }) => term);
    return `| ${name} | ${count} | ${asks.join(', ')} |`;
  });
  return ['| licence | photos | asks |', '|---|--:|---|', ...rows, `| all | ${photos} | |`];
}

function noteList(notes: readonly LicenceNote[]): readonly string[] {
  return notes.map(({ term, text }) => `- **${term}**: ${text}`);
}

/** How to stay within the licences. Rows are selected by the names of licences, so the advice names those of this export. */
function advice(protocol: Protocol, terms: ReadonlySet<string>): readonly (readonly string[])[] {
  const { options, stripped = 0, reencoded } = protocol;
  const lines = [
    '- To measure a model, run it on the photos as they are. This passes no photo on.',
    '- If you show a photo, in a paper or on a page, show all of it and print its line of attribution.',
    ...(terms.has('NC') ? [`- For commercial work, leave out the photos under ${licencesWith(protocol, 'NC')}.`] : []),
    ...(terms.has('ND')
      ? [`- Before you pass on cropped or edited photos, leave out those under ${licencesWith(protocol, 'ND')}.`]
      : []),
    '- If you pass the set on, pass on attribution.csv and this page with it.',
    ...(stripped > 0 ? [`- ${strippedText(stripped)}`] : []),
    ...(reencoded > 0 ? [`- ${reencodedText(reencoded)}`] : []),
    ...(options.thumbnails
      ? [
          '- `thumbnails/` has smaller copies for previews. We think that a smaller copy of a whole photo is the same work.',
        ]
      : []),
  ];
  return [['## How to stay within the licences'], lines, [COLLECTION_NOTE]];
}

function licencesWith({ licences }: Protocol, term: string): string {
  const ids = licences.flatMap(({ licence }) =>
    licenceNotes(licence).some((note) => note.term === term) ? [markdownText(licence)] : [],
  );
  return ids.join(', ');
}

function strippedText(count: number): string {
  const photos = count === 1 ? '1 photo' : `${count} photos`;
  return `${photos} lost the metadata in the file, without other changes: EXIF, XMP, IPTC and comments. attribution.csv names the creators and licences.`;
}

function reencodedText(count: number): string {
  const photos = count === 1 ? '1 photo was' : `${count} photos were`;
  return `${photos} written as PNG, with exactly the pixels that the filter decided on. The column \`changes\` of attribution.csv says which.`;
}

function leftOut({ leftOut: reasons, options, tombstones }: Protocol): readonly (readonly string[])[] {
  const rows = reasons.map(({ reason, count }) => `| ${count} | ${LEFT_OUT_TEXTS[reason]} |`);
  const rule =
    options.licences === null
      ? options.pixels
        ? 'A photo is left out if its licence does not allow people to pass it on, or is not known.'
        : 'This export leaves out no photo for its licence, because it has links and no pictures.'
      : `This export allows only these licences: ${options.licences.map(markdownText).join(', ')}.`;
  return [
    [rule],
    rows.length === 0 ? ['No photo was left out.'] : ['| photos | left out because |', '|--:|---|', ...rows],
    ...(tombstones.length === 0
      ? []
      : [[`Taken down since an earlier revision: ${tombstones.map(({ id }) => `\`${id}\``).join(', ')}.`]]),
  ];
}

function takedownText({ card }: Protocol): string {
  const contact = card['contact'];
  const whom =
    contact === undefined
      ? 'the people from whom you have this set (its makers have named no contact)'
      : markdownLink(contact, webAddress(contact));
  return (
    `If you are the creator of a photo, or a person in it, and want it to be removed, write to ${whom}. Name the photo by ` +
    'its `id`. The next revision is then made without the photo and lists its id as taken down.'
  );
}
