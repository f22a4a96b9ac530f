import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTextFile } from '../config/read-text.ts';
import { displayPath, packageRoot } from '../config/root.ts';
import { messageOf, UsageError } from '../kernel/errors.ts';
import { parseClassTable, WORDNET_SHA256 } from './class-table.ts';
import type { ClassTable } from './class-table.ts';
import { parseWordNet, type WordNet } from './wordnet.ts';

/**
 * The class table that comes with winnow. About 20 ms; open it once and pass it on.
 *
 * @throws UsageError `unreadable-file` or `bad-class-table`; its `wordNet` throws `unreadable-file` or `bad-wordnet-table`
 */
export async function loadClassTable(root: string = packageRoot): Promise<ClassTable> {
  const path = join(root, 'config/classes/imagenet-1k.jsonl');
  const { text } = await readTextFile(path, 'the class table');
  let wordNet: WordNet | null = null;
  return parseClassTable(text, displayPath(path), () => (wordNet ??= loadWordNet(root)));
}

/** Synchronous, so that whatever explains a name can ask for it. Few commands need it. */
function loadWordNet(root: string): WordNet {
  const path = join(root, 'config/classes/wordnet.jsonl');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`Expected the WordNet table at ${displayPath(path)} but received: ${messageOf(error)}`, {
      code: 'unreadable-file',
      cause: error,
    });
  }
  return parseWordNet({ text, fileName: displayPath(path), sha256: WORDNET_SHA256 });
}
