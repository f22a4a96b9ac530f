import process from 'node:process';
import { listCollections } from '../../collection/collection.process.ts';
import { UsageError } from '../../kernel/errors.ts';
import { shellWord } from '../text/output.ts';

const COLLECTIONS_LISTED = 10;

export async function noCollection(data: string, stored: readonly string[]): Promise<UsageError> {
  const names = stored.length > 0 ? stored : (await listCollections()).map(({ name }) => name);
  const words = process.argv.slice(2);
  const flagsAt = words.findIndex((word) => word.startsWith('-'));
  // Only the command and its data folder: other flags may contain passwords.
  const typed = words.slice(0, flagsAt === -1 ? words.length : flagsAt).concat(data === 'data' ? [] : ['--data', data]);
  const command = ['winnow', ...typed].map(shellWord).join(' ');
  const commands = names.slice(0, COLLECTIONS_LISTED).map((name) => `\n  ${command} --collection ${shellWord(name)}`);
  const more = names.length > COLLECTIONS_LISTED ? `\n  (${names.length} in all: winnow collection list)` : '';
  const found = stored.length === 0 ? 'has none yet' : `has ${stored.length}`;
  return new UsageError(
    `No collection was given, and the catalogue ${found}. Add --collection NAME (or the path of a collection file):${commands.join('')}${more}`,
    { code: 'collection-missing' },
  );
}
