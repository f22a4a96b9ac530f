import { copyFile, cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { jsonLines, repositoryRoot, winnow, type CommandResult } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { testFolder } from '../support/test-app.ts';

useSharedServer();

/** Photos of four classes; one of them is dropped, so that decisions under a wrong hash would show. */
const CLASSES = ['n01443537', 'n01440764', 'n01498041', 'n01514668'];
const COLLECTION = `name: four\nclasses: [${CLASSES.join(', ')}]\nensemble: [efficientnet-lite0]\n`;

let folder = '';
let data = 'data';
beforeEach(async () => {
  data = 'data';
  folder = await testFolder();
  const samples = path.join(repositoryRoot, 'test/fixtures/samples/photos');
  for (const wnid of CLASSES)
    await cp(path.join(samples, wnid), path.join(folder, 'photos', wnid), { recursive: true });
  await writeFile(path.join(folder, 'four.yaml'), COLLECTION);
});

function run(...args: string[]): Promise<CommandResult> {
  const isDoctor = args[0] === 'doctor';
  const collection = isDoctor ? [] : ['--collection', path.join(folder, 'four.yaml')];
  return winnow([...args, ...collection, '--data', path.join(folder, data)]);
}

async function expectOutput(args: readonly string[], code: number, said: RegExp | string): Promise<CommandResult> {
  const result = await run(...args);
  expect(result).toMatchObject({ code, stdout: expect.stringMatching(said) });
  return result;
}

const crawl = (): Promise<CommandResult> => run('crawl', '--source', 'folder', '--from', path.join(folder, 'photos'));

async function decisions(): Promise<Map<string, string>> {
  const lines = jsonLines<{ sha256: string }>((await run('decisions', '--json')).stdout);
  return new Map(lines.map(({ sha256, ...rest }) => [sha256, JSON.stringify(rest)]));
}

async function blobs(): Promise<string[]> {
  const entries = await readdir(path.join(folder, 'data', 'blobs'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return files.toSorted();
}

describe('photos whose bytes are lost', () => {
  it('are all counted by the doctor when the folder of blobs is empty, without --deep', async () => {
    await crawl();
    const files = await blobs();
    await rm(path.join(folder, 'data', 'blobs'), { recursive: true });
    const lost = `FAIL bytes: of ${files.length} photos \\(.*\\) ${files.length} have lost their bytes`;
    await expectOutput(['doctor'], 1, lost);
  });

  it('are named and stay undecided, the others go on, and resume and a crawl bring the bytes back', async () => {
    expect((await crawl()).code).toBe(0);
    const files = await blobs();
    const [wrong = '', loop = '', directory = '', other = ''] = files;
    await copyFile(other, wrong);
    await rm(loop);
    await symlink(path.basename(loop), loop);
    await rm(directory);
    await mkdir(directory);
    const lost = [wrong, loop, directory].map((file) => path.basename(file));

    const filtered = await run('filter', '--json');
    expect([filtered.code, JSON.parse(filtered.stdout)]).toMatchObject([1, { lostBytes: 3, left: 0 }]);
    for (const sha256 of lost) expect(filtered.stderr).toContain(sha256);
    const some = await decisions();
    expect(some.size).toBe(files.length);
    for (const [sha256, said] of some)
      expect([sha256, said.includes('undecided')]).toEqual([sha256, lost.includes(sha256)]);

    // Without --deep the blobs are listed, so the one with other bytes of another size is found, and the other two.
    await expectOutput(['doctor'], 1, `FAIL bytes: of ${files.length} photos .* 3 have lost their bytes, such as `);
    const deep = ['doctor', '--deep'];
    const audit = await expectOutput(deep, 1, `FAIL photos have their bytes: 3 of ${files.length}: `);
    for (const sha256 of lost)
      expect(audit.stdout).toMatch(
        new RegExp(`the photo ${sha256} has lost its bytes \\(.*?\\): winnow resume --data \\S+ fetches`),
      );

    const resumed = await expectOutput(['resume'], 0, `3 of ${files.length} photos had lost their bytes`);
    for (const sha256 of lost) expect(resumed.stderr).toContain(sha256);
    const awaited = `note photos have their bytes: ${files.length} checked; the next crawl fetches 3 again`;
    await expectOutput(deep, 0, awaited);
    expect((await crawl()).code).toBe(0);
    await expectOutput(['filter'], 0, 'decided 3 photos');
    expect((await run('doctor', '--deep')).stdout).not.toContain('FAIL');

    // The decisions of a data folder that never lost anything.
    const decided = await decisions();
    data = 'undisturbed';
    await crawl();
    await run('filter');
    expect(decided).toEqual(await decisions());
  });

  it('do not keep a run from its shortlist, whose sheet shows none of them by a wrong picture', async () => {
    expect((await run('run', '--from', path.join(folder, 'photos'))).code).toBe(0);
    const kept = jsonLines<{ sha256: string }>((await run('shortlist', '--json')).stdout);
    const files = await blobs();
    const shown = files.find((file) => file.endsWith(kept[0]?.sha256 ?? '-')) ?? '';
    const right = await readFile(shown);
    await copyFile(files.find((file) => file !== shown) ?? '', shown);
    await rm(path.join(folder, 'data', 'thumbnails'), { recursive: true });
    const listed = await run('shortlist');
    expect(listed.stderr).toContain(path.basename(shown));
    expect(listed.stderr).toMatch(/bytes of a listed photo are lost; winnow resume/);
    const tasks = await run('shortlist', '--format', 'label-studio');
    expect([tasks.code, tasks.stdout.includes(path.basename(shown))]).toEqual([0, false]);

    // Importing the folder again is enough.
    const again = await run('run', '--from', path.join(folder, 'photos'));
    expect(again.code).toBe(0);
    expect((await readFile(shown)).equals(right)).toBe(true);
    expect((await run('shortlist', '--format', 'label-studio')).stdout).toContain(path.basename(shown));
  });

  it('stay as they are where a whole disk is missing: no command goes on, and each says what to check', async () => {
    expect((await crawl()).code).toBe(0);
    const files = await blobs();
    const place = path.join(folder, 'data', 'blobs');
    await rename(place, `${place}-elsewhere`);
    const takedown = ['takedown', '--sha256', '0'.repeat(64), '--reason', 'a test'];
    const move = ['move', '--to-blobs', 's3://photos/lab'];
    const commands: Record<string, () => Promise<CommandResult>> = {
      filter: () => run('filter'),
      resume: () => run('resume'),
      crawl,
      takedown: () => winnow([...takedown, '--data', path.join(folder, data)]),
      move: () => winnow([...move, '--data', path.join(folder, data)]),
    };
    for (const [name, command] of Object.entries(commands)) {
      const { code, stderr } = await command();
      expect([name, code, stderr]).toEqual([name, 1, expect.stringMatching(/Check that the disk is mounted/)]);
    }
    await rm(place, { recursive: true, force: true });
    await rename(`${place}-elsewhere`, place);
    expect((await run('filter')).code).toBe(0);
    expect((await decisions()).size).toBe(files.length);
  });

  it('are removed by the next takedown if one was killed before it removed them', async () => {
    expect((await crawl()).code).toBe(0);
    const [file = '', other = ''] = await blobs();
    const takedown = (taken: string): Promise<CommandResult> =>
      winnow(['takedown', '--sha256', path.basename(taken), '--reason', 'a test', '--data', path.join(folder, data)]);
    const bytes = await readFile(file);
    expect((await takedown(file)).code).toBe(0);
    await writeFile(file, bytes);
    expect((await run('doctor', '--deep')).stdout).toContain(`${path.basename(file)} was taken down: `);
    expect((await takedown(other)).code).toBe(0);
    expect(await blobs()).not.toContain(file);
    expect((await run('doctor', '--deep')).code).toBe(0);
  });

  it('are fetched again, all of them, if an operator says that all are lost', async () => {
    expect((await crawl()).code).toBe(0);
    await rm(path.join(folder, 'data', 'blobs'), { recursive: true });
    await expectOutput(['resume', '--all-lost'], 0, /^(\d+) of \1 photos had lost their bytes/);
    expect((await crawl()).code).toBe(0);
    expect((await run('doctor', '--deep')).code).toBe(0);
  });
});
