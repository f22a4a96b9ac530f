import * as z from 'zod';
import { itemsOf, lineProblem, nameOf } from '../class-line.ts';
import type { WantedClass } from '../network-source.ts';
import { storableText } from '../text.ts';
import { DUCKDUCKGO } from './result.ts';

/** DuckDuckGo accepts queries of fewer than 500 characters. */
const LONGEST_PHRASE = 499;

export interface ClassPhrases {
  readonly phrases: readonly string[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** The phrases of the class's line, or its name if it has no line. Invalid phrases become problems. */
export function phrasesOf(wanted: WantedClass): ClassPhrases {
  const line = itemsOf(wanted, DUCKDUCKGO, { noun: ['phrase', 'phrases'], byName: wanted.name });
  const phrases = new Set<string>();
  const problems = [...line.problems];
  const notes = [...line.notes];
  for (const item of line.items) {
    const given = oneLine(z.string().safeParse(item).data ?? '');
    const phrase = withoutBangs(given);
    const expected = phrase === '' ? 'a phrase with a word in it' : `a phrase of at most ${LONGEST_PHRASE} characters`;
    if (phrase === '' || phrase.length > LONGEST_PHRASE) {
      problems.push(lineProblem(wanted, DUCKDUCKGO, { expected, received: item }));
      continue;
    }
    if (phrase !== given)
      notes.push(
        `${nameOf(wanted)}: '${given}' is searched for as '${phrase}', because '!' or '\\' at a word sends the search to another site`,
      );
    phrases.add(phrase);
  }
  return { phrases: [...phrases], problems, notes };
}

/**
 * Removes the characters that make DuckDuckGo redirect to another site, which gives no token. A word with an exclamation mark
 * before or after it (`!w`, `w!`) is a "bang", and a backslash before a word means "the first result".
 */
function withoutBangs(phrase: string): string {
  const words = phrase.split(' ').map((word) => word.replaceAll(/^[!\\]+|!+$/g, ''));
  return words.filter((word) => word !== '').join(' ');
}

function oneLine(text: string): string {
  return storableText(text.replaceAll(/[\s\p{Cc}]+/gu, ' '));
}
