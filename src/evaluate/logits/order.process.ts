import { readTextFile } from '../../config/read-text.ts';

/**
 * Reads the names of photos, one a line, in the order of the rows of a file of logits. Skips blank lines.
 *
 * @throws UsageError `unreadable-file`
 */
export async function readNames(file: string): Promise<string[]> {
  const { text } = await readTextFile(file, 'the names of photos');
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}
