import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { jsonLines, repositoryRoot, winnow } from '../winnow.ts';

const DEMO = path.join(repositoryRoot, 'assets', 'demo');
/** Files and folders of a clone. `config` is copied, because commands write into it. */
const LINKED = [
  'assets',
  'dist',
  'docs',
  'examples',
  'node_modules',
  'package.json',
  'scripts',
  'src',
  'test',
  'workers',
];

/** Ordinary photos of so many classes stand for a set such as ImageNet's. */
const CLEAN_CLASSES = 5;

export interface Reader {
  /** The clone in which a reader types. */
  readonly folder: string;
  readonly home: string;
}

interface Row {
  readonly file: string;
  readonly wnid: string;
  readonly sha256: string;
}

function keptRows(): readonly Row[] {
  const kept = new Set(readFileSync(path.join(DEMO, 'verdicts.csv'), 'utf8').match(/^[0-9a-f]{64}/gm));
  return readFileSync(path.join(DEMO, 'labels.csv'), 'utf8')
    .split('\n')
    .map((line) => ({
      file: line.split(',')[0] ?? '',
      wnid: line.split(',')[1] ?? '',
      sha256: line.split(',').at(-1) ?? '',
    }))
    .filter(({ sha256 }) => kept.has(sha256));
}

/** A copy of what a reader has: a clone, the demo's data folder (of its kept photos) and folders of photos. */
export async function makeReader(folder: string): Promise<Reader> {
  const home = path.join(folder, 'home');
  for (const name of LINKED) symlinkSync(path.join(repositoryRoot, name), path.join(folder, name));
  cpSync(path.join(repositoryRoot, 'config'), path.join(folder, 'config'), { recursive: true });
  const rows = keptRows();
  const put = (target: string, ...numbers: readonly number[]): void => {
    for (const number of numbers) {
      const file = rows[number % rows.length]?.file ?? '';
      mkdirSync(path.join(folder, target), { recursive: true });
      cpSync(path.join(DEMO, file), path.join(folder, target, path.basename(file)));
    }
  };
  put('photos/kite', 2, 3);
  put('photos/jay', 4, 6);
  renameSync(
    path.join(folder, 'photos/jay', path.basename(rows[4]?.file ?? '')),
    path.join(folder, 'photos/jay/2024-1.jpg'),
  );
  put('photos/house finch', 7);
  put('home/photos/dragonfly', 8, 9);
  put('home/photos/sea lion', 10);
  put('home/raptors/kite', 11);
  put('home/concepts/windmill', 18);
  put('home/concepts/notebook', 19);
  const clean = path.join(home, 'clean');
  for (const wnid of readdirSync(path.join(DEMO, 'clean')).slice(0, CLEAN_CLASSES))
    cpSync(path.join(DEMO, 'clean', wnid), path.join(clean, wnid), { recursive: true });
  mkdirSync(path.join(home, 'imagenet'));
  for (const name of ['imagenet/val', 'imagenet/train']) symlinkSync(clean, path.join(home, name));
  symlinkSync(path.join(home, 'imagenet'), path.join(folder, 'imagenet'));
  mkdirSync(path.join(folder, 'birds'));
  symlinkSync(clean, path.join(folder, 'references'));
  for (const name of ['train', 'val']) symlinkSync(clean, path.join(folder, 'birds', name));
  await makeDemo(folder, rows.slice(8, 15));
  await makeSet(folder);
  return { folder, home };
}

async function makeDemo(folder: string, rows: readonly Row[]): Promise<void> {
  for (const { file } of rows) cpSync(path.join(DEMO, file), path.join(folder, 'home/demo', file), { recursive: true });
  const listed = new Set(rows.map(({ file }) => file));
  const lines = readFileSync(path.join(DEMO, 'labels.csv'), 'utf8').split('\n');
  const labels = lines.filter((line, i) => i === 0 || listed.has(line.split(',')[0] ?? ''));
  writeFileSync(path.join(folder, 'home/demo/labels.csv'), `${labels.join('\n')}\n`);
  const flags = ['--collection', 'demo', '--data', 'data/demo'];
  await succeed(folder, 'run', ...flags, '--from', 'home/demo');
  await acceptAll(folder, flags, 'verdicts.csv');
}

/** The collection imagenet-a of the guides: a set of the photos in `~/photos`, exported. */
async function makeSet(folder: string): Promise<void> {
  const flags = ['--collection', 'imagenet-a'];
  await succeed(folder, 'run', ...flags, '--from', 'home/photos');
  await succeed(folder, 'rights', 'set', ...flags, '--licence', 'CC-BY-4.0', '--creator', 'Ana');
  await acceptAll(folder, flags);
  await succeed(folder, 'export', ...flags, '--out', 'exports/imagenet-a');
  symlinkSync('exports/imagenet-a/test', path.join(folder, 'imagenet-a'));
  const lines = readFileSync(path.join(folder, 'exports/imagenet-a/test/metadata.jsonl'), 'utf8').trim().split('\n');
  writeFileSync(
    path.join(folder, 'logits.csv'),
    lines.map(() => Array.from({ length: 1000 }, (_, i) => -i).join()).join('\n'),
  );
}

/** Gives the verdicts of a person who accepts every listed photo. */
export async function acceptAll(folder: string, flags: readonly string[], file = 'home/accepted.csv'): Promise<void> {
  const listed = jsonLines<{ sha256: string; wnid: string; state: string }>(
    await succeed(folder, 'verdicts', ...flags, '--json'),
  );
  const verdicts = listed
    .filter(({ state }) => state === 'open' || state === 'unreviewed')
    .map(({ sha256, wnid }) => `${sha256},${wnid},accept,ana`);
  if (verdicts.length === 0) return;
  writeFileSync(path.join(folder, file), ['sha256,wnid,verdict,reviewer', ...verdicts, ''].join('\n'));
  await succeed(folder, 'verdicts', 'import', file, ...flags);
}

async function succeed(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await winnow(args, { cwd: folder });
  if (code !== 0) throw new Error(`Expected winnow ${args.join(' ')} to end with 0 but received ${code}: ${stderr}`);
  return stdout;
}
