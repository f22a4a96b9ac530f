import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { positionsOfNames } from '../../../../src/measure/evaluate/set/photo-set.ts';
import { readSet } from '../../../../src/measure/evaluate/set/read-set.process.ts';
import { lacksModules, PYTHON, PYTHON_TIMEOUT_MS } from '../../../support/export-python.ts';
import { makeExport } from '../../../support/made-export.ts';
import { suiteFolder } from '../../../support/process-tree.ts';

const folder = suiteFolder();
const run = promisify(execFile);
const { signal } = new AbortController();
const read = (dir: string) => readSet(dir, { isClass: (name) => name === 'own', signal });

/** Makes files with no content, because a set is read without its pictures. */
async function put(root: string, ...files: readonly string[]): Promise<string> {
  for (const file of files) {
    const target = folder.at(root, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, '');
  }
  return folder.at(root);
}

const FILES = `
import json, sys
from torchvision.datasets import ImageFolder
root = sys.argv[1]
print(json.dumps([[path[len(root) + 1:], ImageFolder(root).classes[label]] for path, label in ImageFolder(root).samples]))
`;

describe('a folder with a folder for each class', () => {
  it('has the photos that torchvision finds, in its order', { timeout: PYTHON_TIMEOUT_MS }, async (context) => {
    const dir = await put(
      'tree',
      // By code point: z, then ö, then U+FF5E, then emoji. By UTF-16 code unit the last two change places.
      ...['z.jpg', 'ö.JPG', '～.png', '😀.jpeg', 'Z.webp', 'a b.jpg', '10.jpg', '9.jpg'].map(
        (name) => `n02000000/${name}`,
      ),
      ...['b/x.jpg', 'b-c/x.jpg', 'b/inner/x.jpg', 'w.jpg', '.hidden.jpg', '.jpg', 'note.txt', 'x.gif'].map(
        (name) => `n01000000/${name}`,
      ),
      'own/1.tiff',
      'own-x/1.bmp',
      'outside.jpg',
    );
    const set = await read(dir);
    expect(set.photos.length).toBe(16);
    expect(set.photos.map(({ file }) => file).slice(0, 6)).toEqual(
      ['.hidden.jpg', '.jpg', 'w.jpg', 'b/x.jpg', 'b-c/x.jpg', 'b/inner/x.jpg'].map((name) => `n01000000/${name}`),
    );
    expect(set.photos.map(({ file }) => file).slice(6, 14)).toEqual(
      ['10.jpg', '9.jpg', 'Z.webp', 'a b.jpg', 'z.jpg', 'ö.JPG', '～.png', '😀.jpeg'].map(
        (name) => `n02000000/${name}`,
      ),
    );
    expect(set.remarks).toEqual([
      "left out pictures outside the folders of classes: 'outside.jpg'",
      "left out files that torchvision's ImageFolder does not take for pictures: 'n01000000/x.gif'",
    ]);
    const lacks = await lacksModules('torchvision');
    context.skip(lacks !== '', lacks);
    const { stdout } = await run(PYTHON, ['-c', FILES, dir]);
    expect(set.photos.map(({ file, wnid }) => [file, wnid])).toEqual(JSON.parse(stdout));
  });

  it('follows links to files and folders, and refuses links that lead nowhere or in a circle', async () => {
    const dir = await put('links', 'n01000000/a.jpg', 'elsewhere.txt');
    await put('linked', 'b.jpg');
    await symlink(folder.at('links', 'n01000000', 'a.jpg'), folder.at('links', 'n01000000', 'b.jpg'));
    await symlink(folder.at('linked'), folder.at('links', 'n02000000'));
    const files = async (): Promise<string[]> => (await read(dir)).photos.map(({ file }) => file);
    expect(await files()).toEqual(['n01000000/a.jpg', 'n01000000/b.jpg', 'n02000000/b.jpg']);

    const circle = folder.at('links', 'n01000000', 'circle');
    await symlink('..', circle);
    await expect(files()).rejects.toThrow(`circle/n01000000' leads back to a folder that it is in`);
    await rm(circle);

    await symlink('nowhere', folder.at('links', 'n01000000', 'c.jpg'));
    await expect(files()).rejects.toMatchObject({
      code: 'unreadable-photo',
      message: expect.stringMatching(/^Cannot read '.*n01000000\/c\.jpg': ENOENT.*remove it from the set$/),
    });
  });

  it('is refused without folders of classes, with the folder that has them if there is one', async () => {
    await put('parts', 'train/n01000000/a.jpg', 'test/n01000000/a.jpg');
    const says = `There is no protocol.json in '${folder.at('parts')}' and no folder of a class. Its folder 'test' has folders of classes: give '${folder.at('parts', 'test')}'`;
    await expect(read(folder.at('parts'))).rejects.toMatchObject({ code: 'not-a-set', message: says });
    const plain = await put('plain', 'birds/a.jpg');
    await expect(read(plain)).rejects.toThrow('named by its wnid, as n01440764');
    const empty = await put('without', 'n01000000/readme.txt');
    await expect(read(empty)).rejects.toThrow('hold no pictures');
    await expect(read(folder.at('none'))).rejects.toThrow(`No such folder: ${folder.at('none')}`);
    await expect(read(folder.at('without', 'n01000000', 'readme.txt'))).rejects.toThrow('Not a folder');
  });
});

describe('an export', () => {
  it('has the photos, classes and mode that it says, in the order of the file names', async () => {
    const protocol = await makeExport(folder.at('export'));
    const set = await read(folder.at('export'));
    const rows = (await readFile(folder.at('export', 'test', 'metadata.jsonl'), 'utf8')).trimEnd().split('\n');
    type Named = Readonly<Record<'file_name' | 'wnid' | 'sha256' | 'original_sha256', string>>;
    const names = rows.map((row): Named & { readonly also_wnids: readonly string[] } => JSON.parse(row));
    expect(set.photos).toEqual(
      names.map(({ file_name: file, wnid, sha256, original_sha256: originalSha256, also_wnids: alsoWnids }) => ({
        file,
        wnid,
        sha256,
        originalSha256,
        alsoWnids,
      })),
    );
    expect(names.some(({ sha256, original_sha256 }) => sha256 !== original_sha256)).toBe(true);
    expect(set.exported).toMatchObject({ mode: 'A', among: protocol.among, hasPictures: true });
    expect(set.root).toBe(folder.at('export', 'test'));
    expect(set.remarks).toEqual([]);
    const positionOf = positionsOfNames(set, folder.at());
    const { file_name: name = '' } = names[2] ?? {};
    const spellings = [name, `./${name}`, `test/${name}`, folder.at('export', 'test', name), `export/test/${name}`];
    expect(spellings.map(positionOf)).toEqual(spellings.map(() => 2));
    expect(positionOf('n02980441/none.jpg')).toBeNull();
    expect(positionOf(`../${name}`)).toBeNull();
  });

  it('of released names is in their order, and says that the rows have another', async () => {
    await makeExport(folder.at('released'), { names: 'imagenet-a' });
    const { photos } = await read(folder.at('released'));
    expect(photos.map(({ file }) => file)).toEqual(photos.map(({ file }) => file).toSorted());
  });

  it('is refused if its protocol or its rows are damaged', async () => {
    const at = (...names: string[]): string => folder.at('damaged', ...names);
    await makeExport(at());
    const metadata = at('test', 'metadata.jsonl');
    await copyFile(metadata, at('rows'));
    const rows = await readFile(at('rows'), 'utf8');
    const cases: readonly [string, string][] = [
      [rows.replace(/^.*\n/, ''), 'protocol.json counts 5 photos but test/metadata.jsonl lists 4'],
      [rows.replace(/"file_name":"[^"]*"/, '"file_name":"../../secret.jpg"'), 'line 1 is no row of a photo'],
      [`{}\n${rows}`, 'line 1 is no row of a photo'],
      [rows + rows, 'line 6 repeats the photo'],
    ];
    for (const [text, says] of cases) {
      await writeFile(metadata, text);
      await expect(read(at())).rejects.toMatchObject({
        code: 'damaged-export',
        message: expect.stringContaining(says),
      });
    }
    await rename(at('rows'), metadata);
    await writeFile(at('protocol.json'), '{"format": 1}');
    await expect(read(at())).rejects.toThrow('Expected the keys and types of a protocol');
    await rm(metadata);
  });
});
