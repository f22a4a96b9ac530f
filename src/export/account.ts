import { countOf, countText } from '../ui/shared/texts.ts';
import { DEFAULT_CRITERIA } from '../review/criteria.ts';
import type { Protocol } from './protocol.ts';

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
      `A test set of ${size}, one for each class. Reviewers say that each photo shows its class; ` +
      `${modelsText(protocol)} take it for something else. It measures how well a model recognises what fooled others.`
    );
  return (
    `A test set of ${size}. Reviewers say that no photo shows any of the ${countText(protocol.among.length)} classes of ` +
    `${modelsText(protocol)}; the model is nevertheless at least ${rule.minConfidence} sure of one. It measures how well a ` +
    'model knows what it does not know: out-of-distribution detection.'
  );
}

export function foldersText({ folders }: Protocol): string {
  if (folders === 'class') return 'A folder is a class: what its photos were searched as, and show.';
  if (folders === 'predicted') return 'A folder is what the model takes its photos for. They show something else.';
  return 'A folder is the concept that its photos show. It is none of the classes of the model.';
}

export function crawlText(protocol: Protocol): string {
  const { rule, collection, sources, winnow, searched, among, collected } = protocol;
  const subjects =
    rule.mode === 'A'
      ? `photos of ${countOf(searched.length, 'class', 'classes')}`
      : `photos of concepts outside the ${countText(among.length)} classes`;
  const origins = listText(collection.sources.map(sourceText));
  const counts = sources.map(({ source, photos }) => `${sourceText(source)} (${countText(photos)})`);
  return [
    `winnow ${winnow} took ${subjects} from ${origins}.`,
    'With each photo it stored the creator, the licence and the page that the source names.',
    counts.length > 0 && `The photos of this revision were found${periodText(collected)}: ${listText(counts)}.`,
  ]
    .filter((text) => text !== false)
    .join(' ');
}

const CROPS = 'ten crops of each photo (the four corners and the centre, and the same five mirrored)';

export function filterText(protocol: Protocol): string {
  const { rule, among, searched } = protocol;
  const classes = `${countText(among.length)} classes`;
  if (rule.mode === 'O')
    return (
      `One model, ${modelsText(protocol)}, looked at ${CROPS} and chose among its ${classes}. A photo was kept if the mean ` +
      `of the ten gave some class a probability of at least ${rule.minConfidence}, and that class was one of the ` +
      `${countText(searched.length)} of the collection. All others were dropped.`
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
      ? `Of the kept photos of a class, at most ${rule.cap} with the same predicted class were listed, those with the ` +
        'lowest probability of the searched class first.'
      : `For each concept and predicted class at most ${rule.cap} photos were listed, the most confident first.`;
  const alike =
    cosine === null ? '' : `, and so were photos whose features have a cosine similarity of at least ${cosine}`;
  return (
    `${listed} Photos that look like a listed one were left out: those whose 64-bit perceptual hashes differ in at most ` +
    `${distance} bits, which a finer hash confirms${alike}.`
  );
}

/** What reviewers were asked, as the curator or the program words it. */
export const criteriaText = ({ review, rule }: Protocol): string => review.criteria ?? DEFAULT_CRITERIA[rule.mode];

export function reviewText({ review, rule, among }: Protocol): string {
  const { reviewers, period, secondPass, target } = review;
  const question =
    rule.mode === 'A'
      ? 'does it show the class that it was searched as?'
      : `is any of the ${countText(among.length)} classes visible?`;
  return [
    `${countOf(reviewers, 'person', 'people')} looked at the listed photos${periodText(period)}.`,
    `The question about each photo was: ${question}`,
    `A share of ${percent(100 * secondPass)} of each class went to a second person, who saw nothing of the first verdict,`,
    'and so did photos of which the first one was unsure. Where two differed, one more person settled it, or the photo was',
    'left out.',
    target !== null && `The review aimed at ${countOf(target, 'accepted photo')} a class.`,
  ]
    .filter((text) => text !== false)
    .join(' ');
}

/** How many verdicts a photo has. */
export function verdictsText({ review }: Protocol): string {
  const { secondPass, agreement } = review;
  return (
    `At least 1. ${percent(100 * secondPass)} of each class were meant for a second, blind verdict; ` +
    `${countOf(agreement.photos, 'photo')} of the shortlist ${agreement.photos === 1 ? 'has' : 'have'} two blind verdicts.`
  );
}

const ORDER_TEXT: Readonly<Record<Protocol['review']['orders'][number]['order'], string>> = {
  confusions: 'class by class, the predicted class with the fewest accepted photos first',
  lowest: 'the lowest probability of the searched class first',
  noise: 'probably wrong labels first',
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
  const measures = [
    coefficient('Cohen’s kappa', [cohenKappa, cohenKappaLow, cohenKappaHigh]),
    coefficient('Krippendorff’s alpha', [krippendorffAlpha, krippendorffAlphaLow, krippendorffAlphaHigh]),
  ];
  return `Two blind verdicts agree on ${percent(same)} of ${countOf(photos, 'photo')}. ${measures.join(' ')}`;
}

function coefficient(name: string, [value, low, high]: readonly [number | null, number | null, number | null]): string {
  if (value === null) return `${name} is not defined.`;
  const interval = low === null || high === null ? '' : ` (95 % interval: ${low.toFixed(2)} to ${high.toFixed(2)})`;
  return `${name} is ${value.toFixed(2)}${interval}.`;
}

/** `10 %`, `92.3 %` */
const percent = (value: number): string => `${Number(value.toFixed(1))} %`;

export function pixelsText({ photos, reencoded, options }: Protocol): string {
  if (!options.pixels) return 'The set has no pictures, only links to them with their SHA-256.';
  const written = `${countText(reencoded)} of ${countOf(photos, 'photo')}`;
  return (
    `${written} ${reencoded === 1 ? 'was' : 'were'} written as PNG with exactly the pixels that were decided on: pictures that ` +
    'had to be turned, that have alpha or 16 bits, or that are WebP. The others have their original bytes.'
  );
}
