import { acceptanceStateText, BOTH_WRONG, ERROR_NAMES, labelErrorText } from '../../kernel/acceptance.ts';
import { sourceOf } from '../../config/sources/sources.ts';
import { evidenceImportText } from '../../kernel/evidence-import.ts';
import { countOf, countText, fewPhotosText, listText, nonEmpty } from '../../kernel/texts.ts';
import { trainingSentences } from '../../kernel/training-text.ts';
import { REVIEW_MODES } from '../../review/modes.ts';
import { keepsMetadata, type Protocol } from '../protocol.ts';
import type { Mode } from '../../kernel/mode.ts';
import { citationOf, factsOf, type Facts } from './facts.ts';

export type Account = ReturnType<typeof accountOf>;

/**
 * How a revision was made: the facts, and the sentences that card, datasheet and Croissant file share, so that they cannot
 * contradict each other. The texts are Markdown that also reads well as plain text.
 */
export function accountOf(protocol: Protocol) {
  const facts = factsOf(protocol);
  const { claim, filter } = facts.rule.mode === 'A' ? textsOfA(facts, facts.rule) : textsOfO(facts, facts.rule);
  const texts = {
    about: `A test set of ${countOf(facts.photos, 'photo')} in ${countOf(facts.classes.length, 'folder')}. ${claim}`,
    citation: citationOf(facts),
    folders: FOLDER_TEXTS[facts.folders],
    crawl: crawlText(facts),
    politeness: politenessText(facts),
    filter,
    imported: importedText(facts),
    shortlist: shortlistText(facts),
    criteria: facts.review.criteria ?? REVIEW_MODES[facts.rule.mode].criteria,
    review: reviewText(facts),
    verdicts: `At least 1. ${secondVerdictsText(facts.review.agreement)}.`,
    labelError: labelErrorSentences(facts),
    agreement: agreementText(facts),
    pixels: pixelsText(facts),
    limits: limitTexts(facts),
    biases: biasTexts(facts),
    uses: given(facts.modeTexts.use, facts.answers.get('uses')),
    unsuitableUses: unsuitableUseTexts(facts),
    takedown: takedownText(facts),
  };
  return { ...facts, texts };
}

export const sourceText = (source: string): string => sourceOf(source)?.title ?? source;

export const sentences = (...texts: readonly (string | false)[]): string => nonEmpty(texts).join(' ');

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

function textsOfA({ models, modelNames, among }: Facts, rule: Rule<'A'>): RuleTexts {
  const fooled = models.length !== 1 && rule.members === 'all' ? `at least one of ${modelNames}` : modelNames;
  const takes = models.length !== 1 && rule.members === 'any' ? 'take' : 'takes';
  return {
    claim: `Reviewers say that each photo shows its class; ${fooled} ${takes} it for something else.`,
    filter:
      `${countOf(models.length, 'model')}, ${modelNames}, looked at ${CROPS} and chose among ` +
      `${countText(among.length)} classes. ${dropText(rule)} Every crop of a kept photo was evaluated.`,
  };
}

function textsOfO(facts: Facts, { minConfidence }: Rule<'O'>): RuleTexts {
  const among = countText(facts.among.length);
  return {
    claim:
      `Reviewers say that no photo shows any of the ${among} classes of ${facts.modelNames}; ` +
      `the model is nevertheless at least ${minConfidence} sure of one.`,
    filter:
      `One model, ${facts.modelNames}, looked at ${CROPS} and chose among its ${among} classes. A photo was kept only if the ` +
      `mean of the ten gave some class a probability of at least ${minConfidence}, and that class was one of the ` +
      `${countText(facts.searched.length)} of the collection.`,
  };
}

const FOLDER_TEXTS: Readonly<Record<Protocol['folders'], string>> = {
  class: 'A folder is a class: what its photos were searched as and, as reviewers say, show.',
  predicted: 'A folder is what the model takes its photos for. As reviewers say, they show something else.',
  concept: 'A folder is the concept that its photos were searched as. It is none of the classes of the model.',
};

function crawlText(facts: Facts): string {
  const { modeTexts, sources, collected, totals } = facts;
  const counts = sources.map(({ source, photos }) => `${sourceText(source)} (${countText(photos)})`);
  const refused = totals.dropped['ai-generated'] ?? 0;
  return sentences(
    `The collection is for ${modeTexts.subjects(facts)}.`,
    counts.length > 0 && `winnow found the photos of this revision${periodText(collected)}: ${listText(counts)}.`,
    ...(facts.collection.modules ?? []).map(
      ({ name, file, sha256 }) => `The source ${name} is a program of the curators (${file}, SHA-256 ${sha256}).`,
    ),
    'Creator, licence and page are what the source says.',
    datesText(facts),
    `${countText(refused)} found ${refused === 1 ? 'picture was' : 'pictures were'} refused because the source, or C2PA or IPTC ` +
      'metadata in the file, declares them as generated by a program. For the rest it is unknown.',
  );
}

function datesText({ dates }: Facts): string {
  if (dates === undefined) return '';
  const texts = (['taken', 'uploaded'] as const).flatMap((kind) => {
    const days = dates[kind];
    return days === null ? [] : [`${countOf(days.photos, 'photo')} as ${kind}${periodText(days)}`];
  });
  return texts.length === 0
    ? 'When the photos were taken and uploaded is unknown.'
    : `The sources date ${listText(texts)}.`;
}

/** The site rules that fetching obeyed or ignored. Empty if all photos were given as files. */
function politenessText({ photos, photosFromFolder, sources }: Facts): string {
  if (photos === photosFromFolder) return '';
  return sentences(
    'winnow fetches a picture only if the robots.txt and the X-Robots-Tag of its host allow that, unless the curators named the ' +
      'host as their own.',
    ...sources.map(({ source }) => sourceOf(source)?.exceptionText ?? ''),
  );
}

/** The evidence of other engines, with a line for each import. Empty without any. */
function importedText({ imported }: Facts): string {
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

function shortlistText({ rule, modeTexts, nearDuplicates: { distance, cosine } }: Facts): string {
  const alike =
    cosine === null ? '' : `, and so are photos whose features have a cosine similarity of at least ${cosine}`;
  return (
    `${modeTexts.listed(rule.cap)} Rejected photos do not count, and reviewed photos keep their places. Other photos that look like a listed ` +
    `one of their class are left out: those whose 64-bit perceptual hashes differ in at most ${distance} bits, which a finer ` +
    `hash confirms${alike}.`
  );
}

function reviewText(facts: Facts): string {
  const { reviewers, orders, period, agreement, target, alsoPhotos = 0 } = facts.review;
  const verdicts = orders.reduce((sum, one) => sum + one.verdicts, 0);
  const imported = orders.find(({ order }) => order === 'import')?.verdicts ?? 0;
  const question = facts.modeTexts.question(facts);
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

/** The label error and the result of the inspection. */
function labelErrorSentences({ review: { acceptance }, rule: { mode } }: Facts): string {
  const name = ERROR_NAMES[mode];
  const estimate = acceptance === undefined ? null : labelErrorText(acceptance);
  if (acceptance === undefined || estimate === null)
    return `No photo of a random sample of the accepted ones has been inspected, so the ${name.toLowerCase()} is not known.`;
  const state = acceptanceStateText(acceptance);
  return sentences(`${name}: ${estimate}.`, BOTH_WRONG, state !== null && `Inspection ${state}.`);
}

function agreementText({ review: { agreement } }: Facts): string {
  const { photos, percent: same, cohenKappa, krippendorffAlpha } = agreement;
  if (photos === 0 || same === null)
    return 'No photo has two blind verdicts, so the reviewers’ agreement is not known.';
  const { cohenKappaLow, cohenKappaHigh, krippendorffAlphaLow, krippendorffAlphaHigh } = agreement;
  return sentences(
    `Two blind verdicts agree on ${Number(same.toFixed(1))} % of ${countOf(photos, 'photo')}.`,
    coefficient('Cohen’s kappa', [cohenKappa, cohenKappaLow, cohenKappaHigh]),
    coefficient('Krippendorff’s alpha', [krippendorffAlpha, krippendorffAlphaLow, krippendorffAlphaHigh]),
    fewPhotosText({ photos }) ?? false,
  );
}

function coefficient(name: string, [value, low, high]: readonly [number | null, number | null, number | null]): string {
  if (value === null) return `${name} is not defined.`;
  const interval = low === null || high === null ? '' : ` (95 % interval: ${low.toFixed(2)} to ${high.toFixed(2)})`;
  return `${name} is ${value.toFixed(2)}${interval}.`;
}

function pixelsText(facts: Facts): string {
  const { photos, stripped = 0, reencoded, options } = facts;
  if (!options.pixels) return 'The set has no pictures, only links to them with their SHA-256.';
  const converted =
    `${countText(reencoded)} of ${countOf(photos, 'photo')} ${reencoded === 1 ? 'was' : 'were'} written as PNG with exactly the ` +
    'pixels that were decided on: pictures that had to be turned, that have alpha or 16 bits, or that are WebP';
  if (keepsMetadata(facts))
    return `${converted}. The others have their original bytes with all metadata. It may name places, people and devices.`;
  const others = photos - reencoded - stripped;
  return sentences(
    `${converted}, and files whose metadata could not be told from the pixels.`,
    stripped > 0 &&
      `${countText(stripped)} lost only ${stripped === 1 ? 'its' : 'their'} metadata, such as EXIF, XMP, IPTC and comments.`,
    others > 0 && `${countText(others)} had no metadata and ${others === 1 ? 'has its' : 'have their'} original bytes.`,
  );
}

function limitTexts({ modeTexts, modelNames, answers, models, rule }: Facts): string[] {
  const { released, estimate, mistakes } = modeTexts;
  return given(
    `This is not ${released}. The paper filtered with ResNet-50, here ${modelNames} did, and other people reviewed. So numbers on the ` +
      'two sets cannot be compared.',
    estimate,
    `The photos may be harder for models like ${modelNames} than for others. Compare models that took no part in the filter.`,
    ...trainingSentences(models, rule.mode),
    mistakes,
    answers.get('limitations'),
  );
}

function biasTexts({ modeTexts, sources, answers }: Facts): string[] {
  const origins = listText(sources.map(({ source }) => sourceText(source)));
  return given(
    `The places, seasons, people and things in the photos are those of ${origins}.`,
    modeTexts.bias,
    answers.get('biases'),
  );
}

function unsuitableUseTexts({ answers }: Facts): string[] {
  return given(
    'Do not train on the set, and do not choose a model or its settings by it. It then measures nothing any more.',
    'Do not use it to recognise people or to learn something about them.',
    answers.get('unsuitableUses'),
  );
}

const given = (...texts: readonly (string | undefined)[]): string[] => texts.filter((text) => text !== undefined);

export const PEOPLE_TEXT =
  'Photos may show people; winnow does not look for them. The names of creators are in the set for their credit; reviewers ' +
  'have pseudonyms.';

export const REVISIONS_TEXT =
  'A revision never changes: its id is a hash of its protocol, which covers every photo. New photos, verdicts and takedowns ' +
  'make a new revision, in which a photo keeps its id.';

function takedownText({ answers }: Facts): string {
  const contact = answers.get('contact');
  return (
    `If a photo should not be here, write to the curators${contact === undefined ? '' : `: ${contact}`}. Name the photo by its id. The ` +
    'next revision is made without it and names its id alone, and a crawl that finds the same bytes again does not take them.'
  );
}
