import process from 'node:process';
import { listCollections } from '../../collection/collection.process.ts';
import { requireData } from '../../runtime/open/data-folder.process.ts';
import { messageOf, UsageError } from '../../kernel/errors.ts';
import { shellWord } from '../text/output.ts';

const COLLECTIONS_LISTED = 10;

/** @param stored the collections of the catalogue; null if there is no catalogue in the data folder */
export async function noCollection(data: string, stored: readonly string[] | null): Promise<UsageError> {
  const names = stored !== null && stored.length > 0 ? stored : (await listCollections()).map(({ name }) => name);
  const words = process.argv.slice(2);
  const flagsAt = words.findIndex((word) => word.startsWith('-'));
  // Without the flags: they may contain passwords.
  const typed = words.slice(0, flagsAt === -1 ? words.length : flagsAt);
  const command = ['winnow', ...typed].map(shellWord).join(' ');
  const commands = names.slice(0, COLLECTIONS_LISTED).map((name) => `\n  ${command} --collection ${shellWord(name)}`);
  const more = names.length > COLLECTIONS_LISTED ? `\n  (${names.length} in all: winnow collection list)` : '';
  const found = stored === null || stored.length === 0 ? 'has none yet' : `has ${stored.length}`;
  const noData = stored === null && data !== 'data' ? await requireData(data).then(() => '', messageOf) : '';
  return new UsageError(
    `${noData === '' ? '' : `${noData}\n`}No collection was given, and the catalogue ${found}. Add --collection NAME (or the path of a collection file):${commands.join('')}${more}`,
    { code: 'collection-missing' },
  );
}
