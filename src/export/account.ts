import { countOf, countText, fewPhotosText } from '../ui/shared/texts.ts';
import { DEFAULT_CRITERIA } from '../review/criteria.ts';
import { totalsOf } from './funnel-table.ts';
import { keepsMetadata, type Protocol } from './protocol.ts';

/**
 * How a revision was made, in sentences. Card, datasheet and Croissant file share them, so that they cannot contradict each
 * other. The texts are Markdown that reads well as plain text, too.
 */

const SOURCE_TEXT: Readonly<Record<string, string>> = {
  inaturalist: 'iNaturalist',
  'inaturalist-open-data': 'iNaturalist Open Data',
  flickr: 'Flickr',
  duckduckgo: 'the image search of DuckDuckGo',
  urls: 'a list of addresses',
  folder: 'a folder of files',
};

/** A source in words. */
export const sourceText = (source: string): string => SOURCE_TEXT[source] ?? source;

/** `a, b and c` */
export function listText(texts: readonly string[]): string {
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} and ${texts.at(-1) ?? ''}`;
}

/** The sources of the revision's photos, in words. What the collection file lists may differ. */
export const originsOf = ({ sources }: Protocol): readonly string[] => sources.map(({ source }) => sourceText(source));

/** Photos that were given as files. winnow fetched all others over the network. */
export const photosFromFolder = ({ sources }: Protocol): number =>
  sources.find(({ source }) => source === 'folder')?.photos ?? 0;

/** `efficientnet-lite0 and efficientnet-lite1` */
export const modelsText = ({ models }: Protocol): string => listText(models.map(({ name }) => name));

/** ` between 2026-09-01 and 2026-11-20`; empty if the days are not known. */
function periodText(period: Protocol['collected']): string {
  if (period === null) return '';
  const { first, last } = period;
  return first === last ? ` on ${first}` : ` between ${first} and ${last}`;
}

/** What the set is, in one paragraph: the answer if the curator has not described it. */
export function aboutText(protocol: Protocol): string {
  const { rule, photos, classes } = protocol;
  const size = `${countOf(photos, 'photo')} in ${countOf(classes.length, 'folder')}`;
  if (rule.mode === 'A')
    return (
      `A test set of ${size}, one for each class that has photos. Reviewers say that each photo shows its class; ` +
      `${fooledText(protocol, rule.members)} it for something else. It measures how well a model recognises what fooled others.`
    );
  return (
    `A test set of ${size}. Reviewers say that no photo shows any of the ${countText(protocol.among.length)} classes of ` +
    `${modelsText(protocol)}; the model is nevertheless at least ${rule.minConfidence} sure of one. It measures how well a ` +
    'model knows what it does not know: out-of-distribution detection.'
  );
}

function fooledText(protocol: Protocol, members: 'any' | 'all'): string {
  if (protocol.models.length === 1) return `${modelsText(protocol)} takes`;
  return members === 'any' ? `${modelsText(protocol)} take` : `at least one of ${modelsText(protocol)} takes`;
}

export function foldersText({ folders }: Protocol): string {
  if (folders === 'class') return 'A folder is a class: what its photos were searched as and, as reviewers say, show.';
  if (folders === 'predicted')
    return 'A folder is what the model takes its photos for. As reviewers say, they show something else.';
  return 'A folder is the concept that its photos were searched as. It is none of the classes of the model.';
}

export function crawlText(protocol: Protocol): string {
  const { rule, sources, searched, among, collected } = protocol;
  const subjects =
    rule.mode === 'A'
      ? `photos of ${countOf(searched.length, 'class', 'classes')}`
      : `photos of concepts outside the ${countText(among.length)} classes`;
  const counts = sources.map(({ source, photos }) => `${sourceText(source)} (${countText(photos)})`);
  return [
    `The collection is for ${subjects}.`,
    counts.length > 0 && `winnow found the photos of this revision${periodText(collected)}: ${listText(counts)}.`,
    'With each photo it stored what the source says of creator, licence and page.',
    generatedText(protocol),
  ]
    .filter((text) => text !== false)
    .join(' ');
}

/** What winnow did, and what it did not ask, while it fetched the photos. Empty if all photos were given as files. */
export function politenessText(protocol: Protocol): string {
  const fetched = protocol.photos - photosFromFolder(protocol);
  if (fetched === 0) return '';
  const isSearchedAnyway = protocol.sources.some(({ source }) => source === 'duckduckgo');
  return [
    `${countOf(fetched, 'photo')} of this revision came over the network.`,
    'winnow fetches a picture only if the robots.txt and the X-Robots-Tag of its host allow that, unless the curators named',
    'the host as their own.',
    isSearchedAnyway && 'It requested the search pages of DuckDuckGo whatever the robots.txt of DuckDuckGo says.',
  ]
    .filter((text) => text !== false)
    .join(' ');
}

const CROPS = 'up to ten crops of each photo (the four corners and the centre, and the same five mirrored)';

export function filterText(protocol: Protocol): string {
  const { rule, among, searched } = protocol;
  const classes = `${countText(among.length)} classes`;
  if (rule.mode === 'O')
    return (
      `One model, ${modelsText(protocol)}, looked at ${CROPS} and chose among its ${classes}. A photo was kept only if the ` +
      `mean of the ten gave some class a probability of at least ${rule.minConfidence}, and that class was one of the ` +
      `${countText(searched.length)} of the collection.`
    );
  const looked = `${countOf(protocol.models.length, 'model')}, ${modelsText(protocol)}, looked at ${CROPS}`;
  return `${looked} and chose among ${classes}. ${dropText(rule)} Every crop of a kept photo was evaluated.`;
}

function dropText({ threshold, aggregation, members }: Extract<Protocol['rule'], { readonly mode: 'A' }>): string {
  const does = `put the class that the photo was searched as first, or gave it a probability above ${threshold}`;
  if (aggregation === 'max')
    return members === 'any'
      ? `A photo was dropped if any crop of any model ${does}.`
      : `A photo was dropped if each model had a crop that ${does}.`;
  const mean = `the mean of a model’s ten crops ${does}`;
  return members === 'any'
    ? `A photo was dropped if ${mean}; one model was enough.`
    : `A photo was dropped if ${mean}, and this for every model.`;
}

export function shortlistText({ rule, nearDuplicates: { distance, cosine } }: Protocol): string {
  const listed =
    rule.mode === 'A'
      ? `The shortlist takes at most ${rule.cap} kept photos of a class with the same predicted class, those with the ` +
        'lowest probability of the searched class first.'
      : `For each concept and predicted class the shortlist takes at most ${rule.cap} photos, the most confident first.`;
  const alike =
    cosine === null ? '' : `, and so are photos whose features have a cosine similarity of at least ${cosine}`;
  return (
    `${listed} Rejected photos do not count, and reviewed photos keep their places. Other photos that look like a listed ` +
    `one of their class are left out: those whose 64-bit perceptual hashes differ in at most ${distance} bits, which a finer ` +
    `hash confirms${alike}.`
  );
}

/** What reviewers were asked, as the curator or the program words it. */
export const criteriaText = ({ review, rule }: Protocol): string => review.criteria ?? DEFAULT_CRITERIA[rule.mode];

/** Verdicts that were imported. winnow showed none of their photos. */
function importedOf({ orders }: Protocol['review']): number {
  return orders.find(({ order }) => order === 'import')?.verdicts ?? 0;
}

export function reviewText({ review, rule, among }: Protocol): string {
  const { reviewers, orders, period, agreement, target } = review;
  const verdicts = orders.reduce((sum, one) => sum + one.verdicts, 0);
  const imported = importedOf(review);
  const question =
    rule.mode === 'A'
      ? 'does it show the class that it was searched as?'
      : `is any of the ${countText(among.length)} classes visible?`;
  return [
    `${countOf(reviewers, 'reviewer')} gave ${countOf(verdicts, 'verdict')} on photos of the shortlist${periodText(period)}.`,
    verdicts > imported && `The review page asked of each photo: ${question}`,
    imported > 0 &&
      `${countText(imported)} of the verdicts ${imported === 1 ? 'was' : 'were'} imported. What the reviewer of an imported ` +
        'verdict was asked and saw is unknown; the verdict counts as blind.',
    `${secondVerdictsText(agreement)}.`,
    reviewers > 1 && 'A photo that one reviewer accepts and another rejects is left out until one person settles it.',
    target !== null && `At the time of the export the review aimed at ${countOf(target, 'accepted photo')} per class.`,
  ]
    .filter((text) => text !== false)
    .join(' ');
}

const secondVerdictsText = ({ photos }: Protocol['review']['agreement']): string =>
  photos === 0
    ? 'No photo has a second, blind verdict'
    : `${countOf(photos, 'photo')} of the shortlist ${photos === 1 ? 'has' : 'have'} a second, blind verdict by another reviewer`;

/** How many verdicts a photo has. */
export const verdictsText = ({ review: { agreement } }: Protocol): string =>
  `At least 1. ${secondVerdictsText(agreement)}.`;

const ORDER_TEXT: Readonly<Record<Protocol['review']['orders'][number]['order'], string>> = {
  confusions: 'class by class, the predicted class with the fewest accepted photos first',
  lowest: 'the lowest probability of the searched class first',
  noise: 'photos on which all models agree first',
  source: 'by source',
  newest: 'the newest first',
  grid: 'many at once in a grid',
  import: 'not shown by winnow: the verdict was imported',
};

/** The orders in which photos came to reviewers, with the number of verdicts given so. */
export function orderRows({ review }: Protocol): readonly (readonly [order: string, verdicts: string])[] {
  return review.orders.map(({ order, verdicts }) => [ORDER_TEXT[order], countText(verdicts)]);
}

export function agreementText({ review: { agreement } }: Protocol): string {
  const { photos, percent: same, cohenKappa, krippendorffAlpha } = agreement;
  if (photos === 0 || same === null)
    return 'No photo has two blind verdicts, so the reviewers’ agreement is not known.';
  const { cohenKappaLow, cohenKappaHigh, krippendorffAlphaLow, krippendorffAlphaHigh } = agreement;
  const sentences = [
    `Two blind verdicts agree on ${percent(same)} of ${countOf(photos, 'photo')}.`,
    coefficient('Cohen’s kappa', [cohenKappa, cohenKappaLow, cohenKappaHigh]),
    coefficient('Krippendorff’s alpha', [krippendorffAlpha, krippendorffAlphaLow, krippendorffAlphaHigh]),
    fewPhotosText({ photos }),
  ];
  return sentences.filter((sentence) => sentence !== null).join(' ');
}

function coefficient(name: string, [value, low, high]: readonly [number | null, number | null, number | null]): string {
  if (value === null) return `${name} is not defined.`;
  const interval = low === null || high === null ? '' : ` (95 % interval: ${low.toFixed(2)} to ${high.toFixed(2)})`;
  return `${name} is ${value.toFixed(2)}${interval}.`;
}

/** `10 %`, `92.3 %` */
const percent = (value: number): string => `${Number(value.toFixed(1))} %`;

export function pixelsText(protocol: Protocol): string {
  const { photos, stripped = 0, reencoded, options } = protocol;
  if (!options.pixels) return 'The set has no pictures, only links to them with their SHA-256.';
  const written = `${countText(reencoded)} of ${countOf(photos, 'photo')}`;
  const converted =
    `${written} ${reencoded === 1 ? 'was' : 'were'} written as PNG with exactly the pixels that were decided on: pictures that ` +
    'had to be turned, that have alpha or 16 bits, or that are WebP';
  if (keepsMetadata(protocol))
    return (
      `${converted}. The others have their original bytes with all metadata. EXIF, XMP, IPTC and comments may name places, ` +
      'people and devices.'
    );
  const others = photos - reencoded - stripped;
  return [
    `${converted}, and files whose metadata could not be told from the pixels.`,
    stripped > 0 &&
      `${countText(stripped)} lost only ${stripped === 1 ? 'its' : 'their'} metadata, such as EXIF, XMP, IPTC and comments. The ` +
        'compressed pixels are the same.',
    others > 0 && `${countText(others)} had no metadata and ${others === 1 ? 'has its' : 'have their'} original bytes.`,
  ]
    .filter((text) => text !== false)
    .join(' ');
}

/** How many pictures were refused because they are declared as generated, and what is not known. */
function generatedText({ funnel }: Protocol): string {
  const refused = totalsOf(funnel).dropped['ai-generated'] ?? 0;
  return (
    `${countText(refused)} found ${refused === 1 ? 'picture was' : 'pictures were'} refused because the source, or ` +
    'C2PA or IPTC metadata in the file, declares them as generated by a program. For the rest it is unknown.'
  );
}
