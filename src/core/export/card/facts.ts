import { oneLine } from '../../kernel/printable.ts';
import { listText } from '../../kernel/texts.ts';
import { CARD_QUESTIONS, type CardKey } from '../../collection/card-questions.ts';
import { totalsOf, type Protocol } from '../protocol.ts';
import { CARD_TEXTS, type CardTexts } from './mode-texts.ts';

/** A protocol with what the texts of a set derive from it, each value once. */
export interface Facts extends Protocol {
  /** The curator's answers, without empty ones. */
  readonly answers: ReadonlyMap<CardKey, string>;
  readonly modeTexts: CardTexts;
  readonly modelNames: string;
  /** Photos that were given as files. winnow fetched all others over the network. */
  readonly photosFromFolder: number;
  readonly totals: ReturnType<typeof totalsOf>;
  /** The licences of the photos and of the controls. */
  readonly allLicences: readonly string[];
  readonly title: string;
  readonly curators: readonly string[];
}

const CARD_KEYS = Object.keys(CARD_QUESTIONS).filter((key): key is CardKey => key in CARD_QUESTIONS);

export function factsOf(protocol: Protocol): Facts {
  const { card, rule, models, sources, licences, control, funnel, collection } = protocol;
  const answers = new Map(
    CARD_KEYS.flatMap((key) => {
      const answer = Object.hasOwn(card, key) ? card[key]?.trim() : undefined;
      return answer === undefined || answer === '' ? [] : [[key, answer] as const];
    }),
  );
  const modeTexts = CARD_TEXTS[rule.mode];
  const name = oneLine(collection.name);
  return {
    ...protocol,
    answers,
    modeTexts,
    modelNames: listText(models.map((model) => model.name)),
    photosFromFolder: sources.find(({ source }) => source === 'folder')?.photos ?? 0,
    totals: totalsOf(funnel),
    allLicences: [...new Set([...licences.map(({ licence }) => licence), ...(control?.licences ?? [])])],
    // In one line. Without an answer it says how the set was made, and does not claim to be another set.
    title: oneLine(answers.get('title') ?? `${modeTexts.title} (${name})`),
    curators: curatorsIn(answers.get('curators') ?? '') ?? [`The curators of the collection ${name}`],
  };
}

function curatorsIn(answer: string): string[] | null {
  const names = answer
    .split(/[;\n]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names.length > 0 ? names : null;
}

export function citationOf({ id, frozenAt, title, curators, answers }: Facts): string {
  const [version, url] = [answers.get('version'), answers.get('url')];
  const fields = [
    ['title', withoutBraces(title)],
    ['author', curators.map((name) => `{${withoutBraces(name)}}`).join(' and ')],
    ['year', frozenAt.slice(0, 4)],
    ...(version === undefined ? [] : [['version', withoutBraces(version)]]),
    ['note', `Revision ${id}`],
    ...(url === undefined ? [] : [['url', withoutBraces(oneLine(url))]]),
  ].map(([key, value]) => `  ${key} = {${value}}`);
  return answers.get('citation') ?? `@misc{winnow-${id.slice(0, 12)},\n${fields.join(',\n')}\n}`;
}

/** Unpaired braces end a field of BibTeX too early. */
const withoutBraces = (text: string): string => text.replace(/[{}\\]/g, '');

/** Keys that are never open: they have a default, or the set has no version but its revision. */
const OPTIONAL: ReadonlySet<CardKey> = new Set<CardKey>(['title', 'description', 'citation', 'version']);

export function openQuestions({ answers }: Facts): CardKey[] {
  return CARD_KEYS.filter((key) => !OPTIONAL.has(key) && !answers.has(key));
}
