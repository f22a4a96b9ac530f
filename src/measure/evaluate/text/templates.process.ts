import path from 'node:path';
import { firstOf } from '../../../core/collection/first-of.ts';
import { didYouMean } from '../../../core/tools/nearest.ts';
import { quote } from '../../../core/tools/quote.ts';
import { readTextFileIfPresent } from '../../../core/config/read-text.ts';
import { packageRoot } from '../../../core/config/root.ts';
import { UsageError } from '../../../core/kernel/errors.ts';

/** Templates that come with winnow: `assets/templates/NAME.txt`. */
const TEMPLATE_LISTS = ['openai-80'];
const PLACE = '{}';
const NAMED = 5;

/**
 * Reads sentences in which `{}` stands for the name of a class: one a line, without blank lines and lines that begin with `#`.
 * @param given one of TEMPLATE_LISTS, or the path of a file
 * @throws UsageError `bad-templates`
 */
export async function readTemplates(given: string): Promise<readonly string[]> {
  const isNamed = TEMPLATE_LISTS.includes(given);
  const file = isNamed ? path.join(packageRoot, 'assets', 'templates', `${given}.txt`) : given;
  const found = await readTextFileIfPresent(file, 'templates');
  if (found === undefined)
    throw bad(
      `Expected ${TEMPLATE_LISTS.join(', ')} or a file with one template on each line for --templates but received ${quote(given)}.${didYouMean(given, TEMPLATE_LISTS)}`,
    );
  const lines = found.text.split(/\r?\n/).map((line, i) => ({ line: line.trim(), where: `${given}:${i + 1}` }));
  const templates = lines.filter(({ line }) => line !== '' && !line.startsWith('#'));
  if (templates.length === 0)
    throw bad(`Expected one template on each line of ${given}, such as 'a photo of a {}.', but it has none`);
  const wrong = templates.filter(({ line }) => !line.includes(PLACE));
  if (wrong.length > 0)
    throw bad(
      `Expected '{}' in each template, where the name of the class goes, but it is not in ${firstOf(
        wrong.map(({ line, where }) => `${quote(line)} (${where})`),
        NAMED,
      ).join(', ')}`,
    );
  return templates.map(({ line }) => line);
}

export function promptOf(template: string, name: string): string {
  return template.replaceAll(PLACE, () => name);
}

function bad(message: string): UsageError {
  return new UsageError(message, { code: 'bad-templates' });
}
