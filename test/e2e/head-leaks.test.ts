import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/measure/report/report.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { sha256Of } from '../support/sha256.ts';
import { jsonLines, repositoryRoot, winnow } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');
const WNIDS = ['n01440764', 'n01443537', 'n01498041'] as const;
const OTHERS = ['n01514668', 'n01514859', 'n01518878'];
const CLASSES = ['--among', WNIDS.join(',')];
const DATA = ['--data', 'data'];

async function run(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const { code, stdout, stderr } = await winnow(args, { cwd: folder.at() });
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  return { stdout, stderr };
}

async function sampleOf(wnid: string, at = 0): Promise<Buffer> {
  const names = await readdir(path.join(SAMPLES, wnid));
  return readFile(path.join(SAMPLES, wnid, names.toSorted()[at] ?? ''));
}

const recoded = (bytes: Buffer): Promise<Buffer> => sharp(bytes).jpeg({ quality: 70 }).toBuffer();
/** Another picture, of which models think much the same. */
const mirrored = (bytes: Buffer): Promise<Buffer> => sharp(bytes).flop().jpeg().toBuffer();

async function write(file: string, bytes: Buffer): Promise<void> {
  await mkdir(path.dirname(folder.at(file)), { recursive: true });
  await writeFile(folder.at(file), bytes);
}

async function fit(name: string, backbone: string, ...more: readonly string[]) {
  const fixed = ['--backbone', backbone, '--train', 'train', '--name', name, '--json'];
  const { stdout, stderr } = await run('finetune', ...fixed, ...more);
  return { result: JSON.parse(stdout), stderr };
}

/** Makes a head as it was before heads had reference sets. */
async function forgetPhotos(name: string): Promise<void> {
  const card = folder.at('config/local/models', name, 'card.yaml');
  const text = await readFile(card, 'utf8');
  await writeFile(card, text.replace(/^references:\n(?: .*\n)+/m, ''));
  await rm(folder.at('config/local/models', name, 'photos.jsonl.gz'), { force: true });
}

let fittedHead: Awaited<ReturnType<typeof fit>>;

beforeAll(async () => {
  for (const wnid of WNIDS) await cp(path.join(SAMPLES, wnid), folder.at('train', wnid), { recursive: true });
  await write('val/n01440764/validation.jpg', await mirrored(await sampleOf('n01440764')));
  fittedHead = await fit('head', 'efficientnet-lite1', '--val', 'val');
  // Each class has photos of the next one, so that a filter keeps some: the same bytes, the same pictures, and others.
  for (const [i, wnid] of WNIDS.entries()) {
    const bytes = await sampleOf(WNIDS[(i + 1) % WNIDS.length] ?? '');
    const as = i === 0 ? bytes : await recoded(bytes);
    await write(`photos/${wnid}/trained.jpg`, as);
    await write(`photos/${wnid}/other.jpg`, await mirrored(await sampleOf(OTHERS[i] ?? '')));
  }
  await write('photos/n01443537/validated.jpg', await recoded(await mirrored(await sampleOf('n01440764'))));
});

describe('winnow finetune', () => {
  it('keeps hashes of the training and validation photos beside the head', async () => {
    const bytes = await readFile(folder.at('config/local/models/head/photos.jsonl.gz'));
    const [card] = jsonLines<{ references: object }>((await run('models', 'show', 'head', '--json')).stdout);
    expect(fittedHead.result).toMatchObject({ photos: 7, references: 8, underTwoClasses: [] });
    expect(card?.references).toMatchObject({ file: 'photos.jsonl.gz', sha256: sha256Of(bytes), photos: 8 });
  });

  it('names a photo of two training classes with both classes, also if its bytes differ', async () => {
    await cp(folder.at('train'), folder.at('twice'), { recursive: true });
    await write('twice/n01498041/again.jpg', await recoded(await sampleOf('n01440764', 0)));
    await write('twice/n01440764/copy.jpg', await sampleOf('n01440764', 0));
    const { result, stderr } = await fit('confused', 'efficientnet-lite0', '--train', 'twice');
    const original = 'n01440764/axillary-seabream.jpg';
    expect(result.underTwoClasses).toEqual([
      { files: [original, 'n01498041/again.jpg'], classes: ['n01440764', 'n01498041'] },
    ]);
    expect(stderr).toContain(`'${original}' and 'n01498041/again.jpg' (classes 'n01440764' and 'n01498041')`);
  });
});

describe('winnow evaluate', () => {
  const evaluate = async (set: string, model: string, ...more: readonly string[]) =>
    JSON.parse((await run('evaluate', set, '--model', model, ...CLASSES, '--json', ...more)).stdout);

  it('leaves out photos that a head was fitted or validated on, and says how many', async () => {
    expect(await evaluate('photos', 'head', '--in-distribution', 'train')).toMatchObject({
      photos: 3,
      fitted: { photos: 4, of: 7, clean: 0, inDistribution: 7 },
      ood: null,
    });
    expect(await evaluate('train', 'head')).toMatchObject({ photos: 0, accuracy: null, fitted: { photos: 7, of: 7 } });
    const { stdout } = await run('evaluate', 'photos', '--model', 'head', ...CLASSES);
    expect(stdout).toContain('head on 3 photos; fitted on 4 of 7 photos of this set; left out');
    expect(await evaluate('photos', 'efficientnet-lite1')).toMatchObject({ photos: 7, fitted: null });
  });

  it('gives no figure of detection for a head that lacks one of the classes, and says which', async () => {
    const flags = ['--model', 'head', '--in-distribution', 'train', '--json'];
    const { stdout } = await run('evaluate', 'photos', ...flags, '--among', 'imagenet-1k');
    expect(JSON.parse(stdout)).toMatchObject({
      photos: 7,
      accuracy: null,
      ood: null,
      oodReason: expect.stringContaining("The model 'head' has no output for 997 of the 1000 classes"),
    });
  });

  it('says that it is unknown what a head without a reference set was fitted on', async () => {
    await fit('older', 'efficientnet-lite0');
    await forgetPhotos('older');
    const { stdout } = await run('evaluate', 'photos', '--model', 'older', ...CLASSES);
    expect(stdout).toContain('older on 7 photos; unknown which photos it was fitted on');
    expect(await evaluate('photos', 'older')).toMatchObject({ photos: 7, fitted: { photos: null, of: 7 } });
  });

  it('refuses a head whose reference set was changed, with what to do', async () => {
    await fit('changed', 'efficientnet-lite0');
    await writeFile(folder.at('config/local/models/changed/photos.jsonl.gz'), 'other');
    const refused = await winnow(['evaluate', 'photos', '--model', 'changed', ...CLASSES], { cwd: folder.at() });
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(
        /which photos the head 'changed' was fitted on, from '.*photos\.jsonl\.gz': its SHA-256 is/,
      ),
    ]);
    await rm(folder.at('config/local/models/changed'), { recursive: true });
  });
});

describe('a collection with a head', () => {
  const collection = (name: string, ensemble: string, more = '') =>
    writeFile(
      folder.at(`${name}.yaml`),
      `name: ${name}\nclasses: [${WNIDS.join(', ')}]\nensemble: [${ensemble}]\npolicy: {threshold: 0.99}\n${more}`,
    );
  const filter = async (name: string) => {
    const flags = ['--collection', `${name}.yaml`, ...DATA];
    await run('crawl', '--source', 'folder', '--from', 'photos', ...flags);
    await run('filter', ...flags);
    const { stdout } = await run('decisions', '--json', ...flags);
    const leaks = jsonLines<{ reason: string; sourceId: string }>(stdout).filter(
      ({ reason }) => reason === 'in-reference-set',
    );
    return new Set(leaks.map(({ sourceId }) => sourceId.split('@')[0]));
  };
  const TRAINED = [
    'n01440764/trained.jpg',
    'n01443537/trained.jpg',
    'n01443537/validated.jpg',
    'n01498041/trained.jpg',
  ];

  it('drops candidates that the head was fitted or validated on; another collection of the data folder does not', async () => {
    await collection('plain', 'efficientnet-lite0');
    expect(await filter('plain')).toEqual(new Set());
    await collection('headed', 'head');
    expect(await filter('headed')).toEqual(new Set(TRAINED));
    expect(await filter('plain')).toEqual(new Set());
    const shown = await run('show', sha256Of(await readFile(folder.at('photos', TRAINED[0] ?? ''))), ...DATA);
    expect(shown.stdout).toMatch(
      /same bytes as train\/n01443537\/discus\.jpg in head head in headed, photos [0-9a-f]{16}/,
    );
  });

  it('drops them too if the head is one of review.outsideModels, until the set is removed', async () => {
    await collection('outside', 'efficientnet-lite0', 'settings: {review: {outsideModels: [head]}}\n');
    expect(await filter('outside')).toEqual(new Set(TRAINED));
    const sets = jsonLines<{ folder: string; leaks: number }>(
      (await run('references', 'list', '--json', ...DATA)).stdout,
    );
    expect(sets.map(({ leaks }) => leaks)).toEqual([4, 4]);
    await run('references', 'remove', sets[1]?.folder ?? '', ...DATA);
    const { stdout } = await run('decisions', '--reason', 'in-reference-set', '--collection', 'outside.yaml', ...DATA);
    expect(stdout).not.toContain('n01440764');
  });

  describe('in its report', () => {
    let report: Report;
    beforeAll(async () => {
      await fit('same-backbone', 'efficientnet-lite0');
      const models = ['--models', 'head,same-backbone,efficientnet-lite1,older'];
      const args = ['--collection', 'plain.yaml', ...DATA, '--photos', 'kept', '--clean', 'train', ...models];
      report = JSON.parse((await run('report', '--out', 'report', '--json', ...args)).stdout);
    });
    const of = (name: string) => report.models.find(({ model }) => model === name);

    it('a head is measured without the photos that it was fitted on, also in comparisons', () => {
      const { photos } = report.set;
      const { fitted, ...head } = of('head') ?? { fitted: null, photos: -1, cleanPhotos: -1 };
      expect(fitted?.photos).toBeGreaterThan(0);
      expect(fitted).toMatchObject({ of: photos, clean: 7, inDistribution: 0 });
      expect([head.photos, head.cleanPhotos]).toEqual([photos - (fitted?.photos ?? 0), 0]);
      expect(report.crops.models.find(({ model }) => model === 'head')?.photos).toBe(head.photos);
      expect(of('efficientnet-lite1')).toMatchObject({ photos, fitted: null, cleanPhotos: 7 });
      const compared = report.comparisons.filter(({ a, b }) => [a, b].includes('head'));
      expect(compared.map(({ on }) => on)).not.toContain('clean');
      for (const pair of compared) expect(pair.photos).toBe(head.photos);
      expect(of('older')).toMatchObject({ photos, fitted: { photos: null, of: photos } });
    });

    it('the page says on how many photos a head was fitted, and which share the backbone of a member', async () => {
      expect(report.models.filter(({ sharesBackbone }) => sharesBackbone).map(({ model }) => model)).toEqual([
        'older',
        'same-backbone',
      ]);
      const html = await readFile(folder.at('report', 'report.html'), 'utf8');
      const { fitted } = of('head') ?? {};
      expect(html).toContain(
        `fitted on ${fitted?.photos} of ${report.set.photos} photos of this set and 7 clean photos; left out`,
      );
      expect(html).toContain('unknown which photos it was fitted on');
      expect(html).toContain('over a member’s backbone');
    });
  });
});
