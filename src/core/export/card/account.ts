import { acceptanceStateText, BOTH_WRONG, ERROR_NAMES, labelErrorText } from '../../kernel/acceptance.ts';
import { sourceOf } from '../../config/sources/sources.ts';
import { evidenceImportText } from '../../kernel/evidence-import.ts';
import { countOf, countText, fewPhotosText, listText } from '../../kernel/texts.ts';
import { REVIEW_MODES } from '../../review/modes.ts';
import { answerTo } from './front-matter.ts';
import { keepsMetadata, totalsOf, type Protocol } from '../protocol.ts';
import type { Mode } from '../../kernel/mode.ts';
import { CARD_TEXTS } from './mode-texts.ts';

/**
 * How a revision was made, in sentences that card, datasheet and Croissant file share, so that they cannot contradict
 * each other. The texts are Markdown that also reads well as plain text.
 */

export const sourceText = (source: string): string => sourceOf(source)?.title ?? source;

export const sentences = (...texts: readonly (string | false | null)[]): string =>
  texts.filter((text) => text !== false && text !== null && text !== '').join(' ');

const originsOf = ({ sources }: Protocol): readonly string[] => sources.map(({ source }) => sourceText(source));

/** Photos that were given as files. winnow fetched all others over the network. */
export const photosFromFolder = ({ sources }: Protocol): number =>
  sources.find(({ source }) => source === 'folder')?.photos ?? 0;

export const modelsText = ({ models }: Protocol): string => listText(models.map(({ name }) => name));

/** ` between 2026-09-01 and 2026-11-20`; empty if the days are not known. */
function periodText(period: Protocol['collected']): string {
  if (period === null) return '';
  const { first, last } = period;
  return first === last ? ` on ${first}` : ` between ${first} and ${last}`;
}

const CROPS = 'up to ten crops of each photo (the four corners and the centre, and the same five mirrored)';

type Rule<M extends Mode> = Extract<Protocol['rule'], { readonly mode: M }>;

interface RuleTexts {
  readonly claim: string;
  readonly filter: string;
}

function ruleTexts(protocol: Protocol): RuleTexts {
  const { rule } = protocol;
  return rule.mode === 'A' ? textsOfA(protocol, rule) : textsOfO(protocol, rule);
}

function textsOfA(protocol: Protocol, rule: Rule<'A'>): RuleTexts {
  const models = modelsText(protocol);
  return {
    claim: `Reviewers say that each photo shows its class; ${fooledText(protocol, rule.members)} it for something else.`,
    filter:
      `${countOf(protocol.models.length, 'model')}, ${models}, looked at ${CROPS} and chose among ` +
      `${countText(protocol.among.length)} classes. ${dropText(rule)} Every crop of a kept photo was evaluated.`,
  };
}

function textsOfO(protocol: Protocol, { minConfidence }: Rule<'O'>): RuleTexts {
  const models = modelsText(protocol);
  const among = countText(protocol.among.length);
  return {
    claim:
      `Reviewers say that no photo shows any of the ${among} classes of ${models}; ` +
      `the model is nevertheless at least ${minConfidence} sure of one.`,
    filter:
      `One model, ${models}, looked at ${CROPS} and chose among its ${among} classes. A photo was kept only if the ` +
      `mean of the ten gave some class a probability of at least ${minConfidence}, and that class was one of the ` +
      `${countText(protocol.searched.length)} of the collection.`,
  };
}

export function aboutText(protocol: Protocol): string {
  const { photos, classes } = protocol;
  return `A test set of ${countOf(photos, 'photo')} in ${countOf(classes.length, 'folder')}. ${ruleTexts(protocol).claim}`;
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
  const { rule, sources, collected, funnel } = protocol;
  const counts = sources.map(({ source, photos }) => `${sourceText(source)} (${countText(photos)})`);
  const refused = totalsOf(funnel).dropped['ai-generated'] ?? 0;
  return sentences(
    `The collection is for ${CARD_TEXTS[rule.mode].subjects(protocol)}.`,
    counts.length > 0 && `winnow found the photos of this revision${periodText(collected)}: ${listText(counts)}.`,
    'Creator, licence and page are what the source says.',
    `${countText(refused)} found ${refused === 1 ? 'picture was' : 'pictures were'} refused because the source, or C2PA or IPTC ` +
      'metadata in the file, declares them as generated by a program. For the rest it is unknown.',
  );
}

/** The site rules that fetching obeyed or ignored. Empty if all photos were given as files. */
export function politenessText(protocol: Protocol): string {
  if (protocol.photos === photosFromFolder(protocol)) return '';
  return sentences(
    'winnow fetches a picture only if the robots.txt and the X-Robots-Tag of its host allow that, unless the curators named the ' +
      'host as their own.',
    ...protocol.sources.map(({ source }) => sourceOf(source)?.exceptionText ?? null),
  );
}

export const filterText = (protocol: Protocol): string => ruleTexts(protocol).filter;

/** The evidence of other engines, with a line for each import. Empty without any. */
export function importedText({ imported }: Protocol): string {
  if (imported === undefined) return '';
  const { photos, controls, imports } = imported;
  const rows = `${countOf(photos, 'photo')}${controls > 0 ? ` and ${countOf(controls, 'control')}` : ''}`;
  return [
    `${rows} ${photos + controls === 1 ? 'was' : 'were'} decided, at least in part, on logits that another engine computed and winnow imported (\`evidence\` is \`imported\`). A photo differs if one of its logits is more than 0.02 from winnow’s own.`,
    ...imports.map((one) => `- ${evidenceImportText(one)}`),
  ].join('\n');
}

function dropText({ threshold, aggregation, members }: Rule<'A'>): string {
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
  const alike =
    cosine === null ? '' : `, and so are photos whose features have a cosine similarity of at least ${cosine}`;
  return (
    `${CARD_TEXTS[rule.mode].listed(rule.cap)} Rejected photos do not count, and reviewed photos keep their places. Other photos that look like a listed ` +
    `one of their class are left out: those whose 64-bit perceptual hashes differ in at most ${distance} bits, which a finer ` +
    `hash confirms${alike}.`
  );
}

export const criteriaText = ({ review, rule }: Protocol): string => review.criteria ?? REVIEW_MODES[rule.mode].criteria;

export function reviewText(protocol: Protocol): string {
  const { review, rule } = protocol;
  const { reviewers, orders, period, agreement, target, alsoPhotos = 0 } = review;
  const verdicts = orders.reduce((sum, one) => sum + one.verdicts, 0);
  const imported = orders.find(({ order }) => order === 'import')?.verdicts ?? 0;
  const question = CARD_TEXTS[rule.mode].question(protocol);
  return sentences(
    `${countOf(reviewers, 'reviewer')} gave ${countOf(verdicts, 'verdict')} on photos of the shortlist${periodText(period)}.`,
    verdicts > imported && `The review page asked of each photo: ${question}`,
    imported > 0 &&
      `${countText(imported)} of the verdicts ${imported === 1 ? 'was' : 'were'} imported. What the reviewer of an imported ` +
        'verdict was asked and saw is unknown; the verdict counts as blind.',
    `${secondVerdictsText(agreement)}.`,
    reviewers > 1 && 'A photo that one reviewer accepts and another rejects is left out until one person settles it.',
    alsoPhotos > 0 &&
      `${countOf(alsoPhotos, 'photo')} also clearly ${alsoPhotos === 1 ? 'shows' : 'show'} other classes, as reviewers say: they are in the column \`also_wnids\`. The review page may offer classes that models predict, so others may be missing.`,
    target !== null && `At the time of the export the review aimed at ${countOf(target, 'accepted photo')} per class.`,
  );
}

const secondVerdictsText = ({ photos }: Protocol['review']['agreement']): string =>
  photos === 0
    ? 'No photo has a second, blind verdict'
    : `${countOf(photos, 'photo')} of the shortlist ${photos === 1 ? 'has' : 'have'} a second, blind verdict by another reviewer`;

export const verdictsText = ({ review: { agreement } }: Protocol): string =>
  `At least 1. ${secondVerdictsText(agreement)}.`;

/** The label error and the result of the inspection. */
export function labelErrorSentences({ review: { acceptance }, rule: { mode } }: Protocol): string {
  const name = ERROR_NAMES[mode];
  const estimate = acceptance === undefined ? null : labelErrorText(acceptance);
  if (acceptance === undefined || estimate === null)
    return `No photo of a random sample of the accepted ones has been inspected, so the ${name.toLowerCase()} is not known.`;
  const state = acceptanceStateText(acceptance);
  return sentences(`${name}: ${estimate}.`, BOTH_WRONG, state === null ? null : `Inspection ${state}.`);
}

export function agreementText({ review: { agreement } }: Protocol): string {
  const { photos, percent: same, cohenKappa, krippendorffAlpha } = agreement;
  if (photos === 0 || same === null)
    return 'No photo has two blind verdicts, so the reviewers’ agreement is not known.';
  const { cohenKappaLow, cohenKappaHigh, krippendorffAlphaLow, krippendorffAlphaHigh } = agreement;
  return sentences(
    `Two blind verdicts agree on ${Number(same.toFixed(1))} % of ${countOf(photos, 'photo')}.`,
    coefficient('Cohen’s kappa', [cohenKappa, cohenKappaLow, cohenKappaHigh]),
    coefficient('Krippendorff’s alpha', [krippendorffAlpha, krippendorffAlphaLow, krippendorffAlphaHigh]),
    fewPhotosText({ photos }),
  );
}

function coefficient(name: string, [value, low, high]: readonly [number | null, number | null, number | null]): string {
  if (value === null) return `${name} is not defined.`;
  const interval = low === null || high === null ? '' : ` (95 % interval: ${low.toFixed(2)} to ${high.toFixed(2)})`;
  return `${name} is ${value.toFixed(2)}${interval}.`;
}

export function pixelsText(protocol: Protocol): string {
  const { photos, stripped = 0, reencoded, options } = protocol;
  if (!options.pixels) return 'The set has no pictures, only links to them with their SHA-256.';
  const converted =
    `${countText(reencoded)} of ${countOf(photos, 'photo')} ${reencoded === 1 ? 'was' : 'were'} written as PNG with exactly the ` +
    'pixels that were decided on: pictures that had to be turned, that have alpha or 16 bits, or that are WebP';
  if (keepsMetadata(protocol))
    return `${converted}. The others have their original bytes with all metadata. It may name places, people and devices.`;
  const others = photos - reencoded - stripped;
  return sentences(
    `${converted}, and files whose metadata could not be told from the pixels.`,
    stripped > 0 &&
      `${countText(stripped)} lost only ${stripped === 1 ? 'its' : 'their'} metadata, such as EXIF, XMP, IPTC and comments.`,
    others > 0 && `${countText(others)} had no metadata and ${others === 1 ? 'has its' : 'have their'} original bytes.`,
  );
}

export function limitTexts(protocol: Protocol): readonly string[] {
  const { released, estimate, mistakes } = CARD_TEXTS[protocol.rule.mode];
  const models = modelsText(protocol);
  return given(
    `This is not ${released}. The paper filtered with ResNet-50, here ${models} did, and other people reviewed. So numbers on the ` +
      'two sets cannot be compared.',
    estimate,
    `The photos may be harder for models like ${models} than for others. Compare models that took no part in the filter.`,
    mistakes,
    answerTo(protocol, 'limitations'),
  );
}

export function biasTexts(protocol: Protocol): readonly string[] {
  return given(
    `The places, seasons, people and things in the photos are those of ${listText(originsOf(protocol))}.`,
    CARD_TEXTS[protocol.rule.mode].bias,
    answerTo(protocol, 'biases'),
  );
}

export function useTexts(protocol: Protocol): readonly string[] {
  return given(CARD_TEXTS[protocol.rule.mode].use, answerTo(protocol, 'uses'));
}

export function unsuitableUseTexts(protocol: Protocol): readonly string[] {
  return given(
    'Do not train on the set, and do not choose a model or its settings by it. It then measures nothing any more.',
    'Do not use it to recognise people or to learn something about them.',
    answerTo(protocol, 'unsuitableUses'),
  );
}

const given = (...texts: readonly (string | null)[]): string[] => texts.filter((text) => text !== null);

export const PEOPLE_TEXT =
  'Photos may show people; winnow does not look for them. The names of creators are in the set for their credit; reviewers ' +
  'have pseudonyms.';

export const REVISIONS_TEXT =
  'A revision never changes: its id is a hash of its protocol, which covers every photo. New photos, verdicts and takedowns ' +
  'make a new revision, in which a photo keeps its id.';

export function takedownText(protocol: Pick<Protocol, 'card'>): string {
  const contact = answerTo(protocol, 'contact');
  return (
    `If a photo should not be here, write to the curators${contact === null ? '' : `: ${contact}`}. Name the photo by its id. The ` +
    'next revision is made without it and names its id alone, and a crawl that finds the same bytes again does not take them.'
  );
}
