import { createReadStream } from 'node:fs';
import path from 'node:path';
import { csvRows } from '../../crawl/sources/csv-rows.process.ts';
import { describeSystemError } from '../../crawl/sources/folder/file-system.process.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { addDisplayReferences } from './references.process.ts';

/** The part of a sample's path in labels.csv that comes before the folder of its class. */
const FOLDER = 'photos/';

/** Shows reviewers those bundled photos that surely show their class: the column `truth` of labels.csv says `valid`. */
export async function addSampleReferences(app: App, samples: string, signal: AbortSignal): Promise<void> {
  const only = new Set<string>();
  let header: readonly string[] = [];
  const file = createReadStream(path.join(samples, 'labels.csv'));
  const format = { delimiter: ',', isQuoted: true, encoding: 'utf8', describeError: describeSystemError } as const;
  for await (const { cells } of csvRows(file, format)) {
    if (header.length === 0) header = cells;
    const [name = '', truth] = ['file', 'truth'].map((column) => cells[header.indexOf(column)]);
    if (truth === 'valid' && name.startsWith(FOLDER)) only.add(name.slice(FOLDER.length));
  }
  const counts = { seen: 0, held: 0, unchanged: 0, unreadable: {} };
  await addDisplayReferences(app, { dir: path.join(samples, FOLDER), only }, { signal, counts });
}
