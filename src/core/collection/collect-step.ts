import type { Config } from '../config/settings.ts';
import { sourceOf } from '../config/sources/sources.ts';
import { shellWord } from '../kernel/texts.ts';
import type { NextStep } from '../kernel/next-step.ts';
import type { Collection } from './collection.ts';

const IN_FILE = { flags: '', hint: '' };
const NO_FROM = { flags: '--limit 100', hint: '' };

/** The command that collects photos of a collection, and what its words in capitals stand for. */
export function collectStep(
  { modules, folder, ...of }: Pick<Collection, 'modules' | 'folder'> & { readonly sources: readonly string[] },
  place: string,
  { contact }: Pick<Config['crawl'], 'contact'>,
): NextStep {
  const sources = [...of.sources, ...modules.map(({ name, path }) => name ?? path)];
  const [source = 'folder'] = sources;
  const isFolder = source === 'folder';
  const { flags, hint } = isFolder && folder !== null ? IN_FILE : (sourceOf(source)?.from ?? NO_FROM);
  const words = [
    `winnow run ${place}`,
    isFolder && sources.length === 1 ? '' : `--source ${shellWord(source)}`,
    flags,
    isFolder || contact !== null ? '' : '--set crawl.contact=you@example.org',
  ];
  return { text: hint, command: words.filter((word) => word !== '').join(' ') };
}
