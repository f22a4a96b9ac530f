import { join } from 'node:path';
import { readTextFile } from '../config/read-text.ts';
import { displayPath, packageRoot } from '../config/root.ts';
import { parseClassTable } from './class-table.ts';
import type { ClassTable } from './class-table.ts';

/**
 * The class table that comes with winnow. About 20 ms; open it once and pass it on.
 *
 * @throws UsageError `unreadable-file` or `bad-class-table`
 */
export async function loadClassTable(root: string = packageRoot): Promise<ClassTable> {
  const path = join(root, 'config/classes/imagenet-1k.jsonl');
  const { text } = await readTextFile(path, 'the class table');
  return parseClassTable(text, displayPath(path));
}
