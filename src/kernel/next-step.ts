import { shellWord } from './texts.ts';

const DEFAULT_DATA = 'data';

/** The flags that name a collection and its data folder, unless it is the default one. */
export function placeFlags(collection: string, dataDir: string): string {
  const data = dataDir === DEFAULT_DATA ? '' : ` --data ${shellWord(dataDir)}`;
  return `--collection ${shellWord(collection)}${data}`;
}

/** The command that gives photos a licence, for a person to fill in. */
export function rightsCommand(place: string): string {
  return `winnow rights set ${place} --licence CC-BY-4.0 --creator "Ana"`;
}
