import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CLASS_LIST_NAMES } from '../../collection/class-table.ts';
import { cardFor, listCards, type FoundCard } from '../../collection/model-card.process.ts';

/** The model file of a card and, if it has one of its own, its class list. */
export function filesOf({ path: modelFile, cardFile, classes }: FoundCard): string[] {
  const hasOwnList = !CLASS_LIST_NAMES.some((known) => known === classes);
  return [modelFile, ...(hasOwnList ? [path.resolve(path.dirname(cardFile), classes)] : [])];
}

/** What `models add` puts beside the card of that name. */
export function usualFiles(name: string, folder: string): string[] {
  return [path.join(folder, `${name}.onnx`), path.join(folder, `${name}.classes.txt`)];
}

/** Whether a card of another name needs a file; one that is broken needs what its text names. */
export async function needOfOthers(name: string, workingDir: string): Promise<(file: string) => boolean> {
  const files = new Set<string>();
  const brokenTexts: string[] = [];
  for (const other of await listCards(undefined, workingDir)) {
    if (other.name === name) continue;
    try {
      for (const file of filesOf(await cardFor(other.name, undefined, workingDir))) files.add(file);
    } catch {
      for (const file of usualFiles(other.name, path.dirname(other.file))) files.add(file);
      brokenTexts.push(await readFile(other.file, 'utf8').catch(() => ''));
    }
  }
  return (file) => files.has(file) || brokenTexts.some((text) => text.includes(path.basename(file)));
}
