import type { Command } from 'commander';
import { loadClassTable } from '../collection/class-table.process.ts';
import { findClasses } from '../collection/find-classes.ts';
import { quote } from '../tools/quote.ts';
import { writeJsonLines, writeOut, EXIT } from './text/output.ts';
import { tableText } from './text/table.ts';
import { addPlainCommand, runCommand, type GlobalFlags } from './start/context.ts';

const HELP = `
Classes are listed from the best match to the worst: a match of the name, then of a synonym or the WordNet id,
then of words in the names, then of words in the WordNet description, then of a parent group such as dog.
The exit code is 1 if no class is found.

Examples:
  winnow classes find crane
  winnow classes find "wading bird" --json
`;

export function addClassesCommand(program: Command): void {
  const classes = program.command('classes').description('Look up the 1,000 ImageNet-1k classes by name');
  addPlainCommand(classes, 'find', 'Find classes by name, synonym, description or WordNet id')
    .argument('<text...>', 'the words to search for')
    .addHelpText('after', HELP)
    .run((flags, words: string[]) => runCommand(flags, () => find(words.join(' '), flags)));
}

async function find(text: string, { json }: GlobalFlags): Promise<number> {
  const table = await loadClassTable();
  const found = findClasses(text, table);
  if (found.length === 0) {
    const result = table.resolveLabel(text);
    const detail = result.ok ? `${quote(text)} names no class` : result.detail;
    console.error(`winnow: no class was found: ${detail}`);
    return EXIT.incomplete;
  }
  if (json === true) await writeJsonLines(found);
  else {
    const rows = found.map(({ wnid, name, synonyms, gloss }) => [
      wnid,
      name,
      synonyms.filter((synonym) => synonym !== name).join(', '),
      gloss,
    ]);
    await writeOut(tableText(['wnid', 'name', 'also called', 'is'], rows));
  }
  return EXIT.done;
}
