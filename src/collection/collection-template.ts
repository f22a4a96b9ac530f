import { quote } from '../config/quote.ts';
import { expectedOf } from '../config/schema-problems.ts';
import { UsageError } from '../kernel/errors.ts';
import type { ClassRow } from './class-table.ts';
import type { Collection } from './collection.ts';
import { nameSchema } from './name.ts';

/**
 * The bundled collection `custom` with another name. If `classes` is empty, the file keeps those of the example.
 * @throws UsageError `bad-collection-name`
 */
export function collectionTemplate(
  example: string,
  name: string,
  classes: readonly Pick<ClassRow, 'wnid' | 'name'>[] = [],
): string {
  if (!nameSchema.safeParse(name).success) {
    throw new UsageError(`Expected ${expectedOf(nameSchema)} for a new collection but received ${quote(name)}`, {
      code: 'bad-collection-name',
    });
  }
  const named = example.replaceAll(/(^name:|collection check) custom\b/gm, `$1 ${name}`);
  const lines = classes.map((row) => `  - ${row.wnid} # ${row.name}\n`).join('');
  return lines === '' ? named : named.replace(/^classes:\n(?: +- .*\n)+/m, () => `classes:\n${lines}`);
}

/** The text of a new collection file with the folder of its photos, instead of the example of one. */
export function withFolder(text: string, folder: NonNullable<Collection['folder']>): string {
  const given = Object.entries(folder).filter(([, value]) => value !== null);
  // A text in JSON is one in YAML.
  const values = given.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', ');
  return text.replace(/^# folder: .*$/m, () => `folder: { ${values} }`);
}
