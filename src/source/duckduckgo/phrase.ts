import * as z from 'zod';
import type { Json, WantedClass } from '../network-source.ts';
import { shortText, storableText } from '../text.ts';

/** DuckDuckGo accepts queries of fewer than 500 characters. */
const LONGEST_PHRASE = 499;

export interface ClassPhrases {
  readonly phrases: readonly string[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Returns the phrases to search for one class: those of its line, or its name if it has no line. Invalid phrases become
 * problems.
 */
export function phrasesOf(wanted: WantedClass): ClassPhrases {
  const { entry } = wanted;
  if (entry === undefined) {
    const note = `${nameOf(wanted)} has no line for duckduckgo in the queries file: searched by its name`;
    const { phrases, problems, notes } = phrasesIn([wanted.name], wanted);
    return { phrases, problems, notes: [note, ...notes] };
  }
  if (Array.isArray(entry) && entry.length > 0) return phrasesIn(entry, wanted);
  if (entry === null || Array.isArray(entry)) {
    return {
      phrases: [],
      problems: [],
      notes: [`${nameOf(wanted)}: its line has no phrase for duckduckgo`],
    };
  }
  return { phrases: [], problems: [misfit(wanted, 'a list of phrases', entry)], notes: [] };
}

function phrasesIn(items: readonly Json[], wanted: WantedClass): ClassPhrases {
  const phrases = new Set<string>();
  const problems: string[] = [];
  const notes: string[] = [];
  for (const item of items) {
    const given = z.string().safeParse(item).data ?? '';
    const phrase = withoutBangs(given);
    if (phrase === '') problems.push(misfit(wanted, 'a phrase with a word in it', item));
    else if (phrase.length > LONGEST_PHRASE)
      problems.push(misfit(wanted, `a phrase of at most ${LONGEST_PHRASE} characters`, item));
    else {
      if (phrase !== oneLine(given))
        notes.push(
          `${nameOf(wanted)}: '${oneLine(given)}' is searched for as '${phrase}', because '!' or '\\' at a word sends the search to another site`,
        );
      phrases.add(phrase);
    }
  }
  return { phrases: [...phrases], problems, notes };
}

/**
 * Removes the characters that make DuckDuckGo redirect to another site, which gives no token. A word with an exclamation mark
 * before or after it (`!w`, `w!`) is a "bang", and a backslash before a word means "the first result".
 */
function withoutBangs(phrase: string): string {
  const words = oneLine(phrase)
    .split(' ')
    .map((word) => word.replaceAll(/^[!\\]+|!+$/g, ''));
  return words.filter((word) => word !== '').join(' ');
}

function oneLine(text: string): string {
  return storableText(text.replaceAll(/[\s\p{Cc}]+/gu, ' '));
}

function nameOf({ wnid, name }: WantedClass): string {
  return `${wnid} (${name})`;
}

function misfit(wanted: WantedClass, expected: string, received: Json): string {
  const text = shortText(JSON.stringify(received), 120);
  return `Expected ${expected} for 'duckduckgo' in the line of ${nameOf(wanted)} but received ${text}`;
}
