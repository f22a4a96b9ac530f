import { readdir, readFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { withComment } from '../../test/support/copies.ts';

const SAMPLES = fileURLToPath(new URL('../../test/fixtures/samples/', import.meta.url));

/** A photo whose label is true. */
interface TrueLabel {
  readonly file: string;
  readonly wnid: string;
}

/**
 * How the same photos are labelled. `true`: by what they show, so that most exit at the first crop. `crawl-like`: every
 * ninth has the label of another class, so that about 11 % are kept. `hard`: all have the label of another class.
 */
export const LABELLINGS = ['true', 'crawl-like', 'hard'] as const;
export type Labelling = (typeof LABELLINGS)[number];

const EVERY_NINTH = 9;
/** Classes are in the order of WordNet, so neighbours look similar. The other class is far away. */
const OTHER_CLASS_SHARE = 0.5;

export interface PhotoSet {
  /** The files of all labellings, in one order. */
  readonly files: readonly string[];
  readonly labels: Readonly<Record<Labelling, readonly string[]>>;
  /** Pictures that are not copies of another. */
  readonly distinct: number;
}

/**
 * Writes `count` photos into `folder`: the samples with true labels and, from `more`, the JPEGs of folders named for wanted
 * classes. If there are too few, copies with other bytes fill the folder.
 */
export async function writePhotoSet(
  folder: string,
  wanted: { readonly count: number; readonly more: string | undefined; readonly wnids: readonly string[] },
): Promise<PhotoSet> {
  const known = new Set(wanted.wnids);
  const all = [...(await labelledSamples()), ...(wanted.more === undefined ? [] : await labelledFolder(wanted.more))];
  const usable = spread(all.filter(({ wnid }) => known.has(wnid)));
  if (usable.length === 0) throw new RangeError('Expected photos of the classes wanted but there are none');
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  const wnids: string[] = [];
  for (let number = 0; number < wanted.count; number += 1) {
    const { file, wnid } = usable[number % usable.length] ?? usable[0] ?? { file: '', wnid: '' };
    const bytes = await readFile(file);
    const name = `${String(number).padStart(6, '0')}.jpg`;
    await writeFile(path.join(folder, name), withComment(bytes, `photo ${number}`));
    files.push(path.join(folder, name));
    wnids.push(wnid);
  }
  const others = wnids.map((wnid) => otherClass(wnid, wanted.wnids));
  const labels = {
    true: wnids,
    'crawl-like': wnids.map((wnid, i) => (i % EVERY_NINTH === EVERY_NINTH - 1 ? (others[i] ?? wnid) : wnid)),
    hard: others,
  };
  return { files, labels, distinct: Math.min(usable.length, wanted.count) };
}

/** Spreads the items so that the first few represent all. */
function spread<T>(items: readonly T[]): T[] {
  const step = Math.max(1, Math.floor(Math.sqrt(items.length)));
  return Array.from({ length: step }, (_, start) => items.filter((_item, i) => i % step === start)).flat();
}

function otherClass(wnid: string, wnids: readonly string[]): string {
  const at = wnids.indexOf(wnid) + Math.floor(wnids.length * OTHER_CLASS_SHARE);
  return wnids[at % wnids.length] ?? wnid;
}

async function labelledSamples(): Promise<TrueLabel[]> {
  const rows: { file: string; wnid: string; truth: string }[] = parse(
    await readFile(path.join(SAMPLES, 'labels.csv'), 'utf8'),
    { columns: true },
  );
  return rows
    .filter(({ truth, file }) => truth === 'valid' && /\.jpe?g$/i.test(file))
    .map(({ file, wnid }) => ({ file: path.join(SAMPLES, file), wnid }));
}

async function labelledFolder(folder: string): Promise<TrueLabel[]> {
  const labelled: TrueLabel[] = [];
  for (const wnid of (await readdir(folder)).toSorted()) {
    if (!/^n\d{8}$/.test(wnid)) continue;
    for (const file of (await readdir(path.join(folder, wnid))).toSorted())
      if (/\.jpe?g$/i.test(file)) labelled.push({ file: path.join(folder, wnid, file), wnid });
  }
  return labelled;
}
