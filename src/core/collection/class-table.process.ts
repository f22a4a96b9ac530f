import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTextFile } from '../config/read-text.ts';
import { displayPath, packageRoot } from '../config/root.ts';
import { messageOf, UsageError } from '../kernel/errors.ts';
import { parseClassTable, type ClassTable } from './class-table.ts';
import { parseWordNet, type WordNet } from './wordnet.ts';

let loaded: Promise<ClassTable> | null = null;

/** The bundled class table. A process reads it once, in about 20 ms. @throws UsageError `unreadable-file`, `bad-class-table` */
export function loadClassTable(): Promise<ClassTable> {
  loaded ??= readClassTable().catch((error: unknown) => {
    loaded = null;
    throw error;
  });
  return loaded;
}

async function readClassTable(): Promise<ClassTable> {
  const path = join(packageRoot, 'config/classes/imagenet-1k.jsonl');
  const { text } = await readTextFile(path, 'the class table');
  let wordNet: WordNet | null = null;
  return parseClassTable(text, displayPath(path), () => (wordNet ??= loadWordNet()));
}

/** Loads the bundled WordNet table. It is synchronous, so that functions that explain a name can call it. Few commands need it. */
function loadWordNet(): WordNet {
  const path = join(packageRoot, 'config/classes/wordnet.jsonl');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`Cannot read the WordNet table at ${displayPath(path)}: ${messageOf(error)}`, {
      code: 'unreadable-file',
      cause: error,
    });
  }
  return parseWordNet(text, displayPath(path));
}
