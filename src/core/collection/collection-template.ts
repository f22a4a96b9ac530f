import { quote } from '../tools/quote.ts';
import { expectedOf } from '../config/schema-problems.ts';
import { UsageError } from '../kernel/errors.ts';
import type { Collection } from './collection.ts';
import { nameSchema } from './name.ts';

export interface TemplateClass {
  readonly wnid: string;
  readonly name: string;
  /** True for a class that is none of the 1,000 of ImageNet. */
  readonly isOwn?: boolean;
}

/**
 * The bundled collection `custom` with another name. If `classes` is empty, the file keeps those of the example.
 * @throws UsageError `bad-collection-name`
 */
export function collectionTemplate(example: string, name: string, classes: readonly TemplateClass[] = []): string {
  if (!nameSchema.safeParse(name).success) {
    throw new UsageError(`Expected ${expectedOf(nameSchema)} for a new collection but received ${quote(name)}`, {
      code: 'bad-collection-name',
    });
  }
  const named = example.replaceAll(/(^name:|collection check) custom\b/gm, `$1 ${name}`);
  const lines = classes
    .map(({ wnid, name: called, isOwn }) =>
      isOwn === true ? `  - { wnid: ${wnid}, name: ${JSON.stringify(called)} }\n` : `  - ${wnid} # ${called}\n`,
    )
    .join('');
  return lines === '' ? named : named.replace(/^classes:\n(?: +- .*\n)+/m, () => `classes:\n${lines}`);
}

/** The text of a new collection file with the folder of its photos, instead of the example of one. */
export function withFolder(text: string, folder: NonNullable<Collection['folder']>): string {
  const given = Object.entries(folder).filter(([, value]) => value !== null);
  // A text in JSON is one in YAML.
  const values = given.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', ');
  return text.replace(/^# folder: .*$/m, () => `folder: { ${values} }`);
}

/** The text of a new collection file whose classes are searched: the bundled queries, and these sources. */
export function withSearches(text: string, sources: readonly string[]): string {
  return text.replace(/^# (queries: .*)$/m, '$1').replace(/^sources: .*$/m, `sources: [${sources.join(', ')}]`);
}

/** The text of a new collection file with other models, which choose among `classes` unless they know all of ImageNet-1k. */
export function withModels(text: string, models: readonly string[], knowAll: boolean): string {
  const named = text.replace(/^ensemble: .*$/m, () => `ensemble: [${models.join(', ')}]`);
  return knowAll ? named : named.replace(/^among: .*$/m, '# $&');
}
