import { readTextFile } from '../../../core/config/read-text.ts';

/** One name a line, in the order of the rows of logits. @throws UsageError `unreadable-file` */
export async function readNames(file: string): Promise<string[]> {
  const { text } = await readTextFile(file, 'the names of photos');
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}
