import { resolve } from 'node:path';
import { didYouMean } from '../config/nearest.ts';
import { quote } from '../config/quote.ts';
import { readTextFile } from '../config/read-text.ts';
import { configFolders, displayPath, packageRoot, workingFolder } from '../config/root.ts';
import { listYamlFiles } from '../config/yaml-files.ts';
import type { NamedFile } from '../config/yaml-files.ts';
import { UsageError } from '../kernel/errors.ts';
import { parseModelCard } from './model-card.ts';
import type { ModelCard } from './model-card.ts';

/**
 * The model card of that name: from config/models of the working directory, else of the package.
 *
 * @throws UsageError `unknown-model` with the nearest and all known names, or `bad-model-card`
 */
export async function cardFor(
  name: string,
  root: string = packageRoot,
  workingDir: string = workingFolder(),
): Promise<ModelCard> {
  const known = await listCards(root, workingDir);
  const found = known.find((card) => card.name === name);
  if (found === undefined) {
    const names = known.map((card) => card.name);
    throw new UsageError(
      `Expected a model card (${names.join(', ')}) but received ${quote(name)}.${didYouMean(name, names)}`,
      { code: 'unknown-model' },
    );
  }
  const shown = displayPath(found.file, workingDir);
  const { text } = await readTextFile(found.file, 'a model card');
  const card = parseModelCard(text, shown, resolve(found.file, '../../..'));
  if (card.name === name) return card;
  throw new UsageError(`Expected the file's name '${name}' for 'name' in ${shown} but received '${card.name}'`, {
    code: 'bad-model-card',
  });
}

/** All model cards by name; a card in the working directory's config/models hides the bundled one of that name. */
export async function listCards(
  root: string = packageRoot,
  workingDir: string = workingFolder(),
): Promise<NamedFile[]> {
  return listYamlFiles(configFolders('models', root, workingDir));
}
