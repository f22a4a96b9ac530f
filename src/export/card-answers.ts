import { oneLine } from '../kernel/printable.ts';
import { CARD_QUESTIONS, type CardKey } from './card-questions.ts';
import type { Protocol } from './protocol.ts';

/** A question of the datasheet with its answer, in Markdown. */
export interface Answered {
  readonly question: string;
  readonly answer: string;
}

/** What the curator answered, or null. An answer of blanks is none. */
export function answerTo({ card }: Pick<Protocol, 'card'>, key: CardKey): string | null {
  const answer = Object.hasOwn(card, key) ? card[key]?.trim() : undefined;
  return answer === undefined || answer === '' ? null : answer;
}

/** What the curator answered, or that the question is open. */
export function answerOrOpen(protocol: Pick<Protocol, 'card'>, key: CardKey): string {
  return answerTo(protocol, key) ?? `Open: the curator has not answered this (export.card.${key}).`;
}

/** Keys with a default, so that they are never open. */
const OPTIONAL: ReadonlySet<CardKey> = new Set<CardKey>(['title', 'description', 'citation', 'version']);

/** The questions that the curator has not answered. */
export function openQuestions(
  protocol: Pick<Protocol, 'card'>,
): readonly (readonly [key: CardKey, question: string])[] {
  return cardKeys()
    .filter((key) => !OPTIONAL.has(key) && answerTo(protocol, key) === null)
    .map((key) => [key, CARD_QUESTIONS[key]] as const);
}

function cardKeys(): readonly CardKey[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the object is a constant, so it has no other keys
  return Object.keys(CARD_QUESTIONS) as CardKey[];
}

/** The name of the set, in one line. Without an answer it says how the set was made, and does not claim to be another set. */
export function titleOf(protocol: Protocol): string {
  const answer = answerTo(protocol, 'title');
  if (answer !== null) return oneLine(answer);
  const kind = protocol.rule.mode === 'A' ? 'Adversarially filtered photos' : 'Out-of-distribution photos';
  return `${kind} (${oneLine(protocol.collection.name)})`;
}

const SEMVER = /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[\dA-Za-z.-]+)?(?:\+[\dA-Za-z.-]+)?$/;

/** `export.card.version` if it is a semantic version, else 1.0.0. The revision itself is named by its id. */
export function versionOf(protocol: Pick<Protocol, 'card'>): string {
  const answer = answerTo(protocol, 'version');
  return answer !== null && SEMVER.test(answer) ? answer : '1.0.0';
}

/** The names of the curators. If nobody has said who they are, the curators of the collection. */
export function curatorsOf(protocol: Protocol): readonly string[] {
  const names = (answerTo(protocol, 'curators') ?? '')
    .split(/[;\n]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names.length > 0 ? names : [`The curators of the collection ${oneLine(protocol.collection.name)}`];
}

/** How to cite the set: as the curator says, or a BibTeX entry of what is known. */
export function citationOf(protocol: Protocol): string {
  const { id, frozenAt } = protocol;
  const url = answerTo(protocol, 'url');
  const fields = [
    ['title', titleOf(protocol)],
    [
      'author',
      curatorsOf(protocol)
        .map((name) => `{${withoutBraces(name)}}`)
        .join(' and '),
    ],
    ['year', frozenAt.slice(0, 4)],
    ['version', versionOf(protocol)],
    ['note', `Revision ${id}`],
    ...(url === null ? [] : [['url', oneLine(url)]]),
  ].map(([key = '', value = '']) => `  ${key} = {${key === 'author' ? value : withoutBraces(value)}}`);
  const own = `@misc{winnow-${id.slice(0, 12)},\n${fields.join(',\n')}\n}`;
  return answerTo(protocol, 'citation') ?? own;
}

/** Unpaired braces end a field of BibTeX too early. */
const withoutBraces = (text: string): string => text.replace(/[{}\\]/g, '');
