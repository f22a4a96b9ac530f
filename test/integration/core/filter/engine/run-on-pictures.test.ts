import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  runOnPictures,
  type PictureBytes,
  type PhotoOutputs,
} from '../../../../../src/core/filter/engine/run-backbone.process.ts';
import { cardFor } from '../../../../../src/core/collection/cards/model-card.process.ts';
import { suiteFolder } from '../../../../support/process-tree.ts';
import { sha256Of } from '../../../../support/sha256.ts';
import { repositoryRoot } from '../../../../support/winnow.ts';
import { putSamples } from './spec.ts';

const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');
const CENTRE = 4;
const folder = suiteFolder();

interface NamedPicture extends PictureBytes {
  readonly name: string;
}

async function samples(count: number): Promise<NamedPicture[]> {
  const classes = (await readdir(SAMPLES)).toSorted().slice(0, count);
  return Promise.all(
    classes.map(async (name) => {
      const [file = ''] = (await readdir(path.join(SAMPLES, name))).toSorted();
      const bytes = await readFile(path.join(SAMPLES, name, file));
      return { name, sha256: sha256Of(bytes), bytes };
    }),
  );
}

interface RunOptions {
  readonly signal?: AbortSignal;
  readonly classes?: { readonly count: number };
  readonly blobs?: string;
}

async function run(pictures: Iterable<PictureBytes> | AsyncIterable<PictureBytes>, options: RunOptions = {}) {
  const { signal = new AbortController().signal, classes, blobs } = options;
  return runOnPictures({
    card: await cardFor('efficientnet-lite0'),
    classes,
    outputs: ['logits'],
    pictures,
    crops: [CENTRE],
    blobs: blobs === undefined ? undefined : { kind: 'folder', folder: blobs },
    threads: 1,
    cropsPerPass: 2,
    signal,
  });
}

async function allOf(given: AsyncIterable<{ readonly picture: PictureBytes; readonly outputs: PhotoOutputs }>) {
  const all: { readonly picture: PictureBytes; readonly logits: Float32Array }[] = [];
  for await (const { picture, outputs } of given) {
    if (outputs.problem !== null) throw new Error(outputs.problem.kind);
    all.push({ picture, logits: outputs.crops[0]?.logits ?? new Float32Array() });
  }
  return all;
}

describe('runOnPictures', () => {
  it('gives pictures that come with their bytes the same outputs as stored photos', async () => {
    const hashes = await putSamples(folder.at('blobs'), 3);
    const pictures = await samples(3);
    const fromBytes = await allOf(await run(pictures));
    const stored = await allOf(
      await run(
        hashes.map((sha256) => ({ sha256 })),
        { blobs: folder.at('blobs') },
      ),
    );
    expect(fromBytes.map(({ picture }) => picture)).toEqual(pictures);
    expect(fromBytes.map(({ logits }) => logits)).toEqual(stored.map(({ logits }) => logits));
    expect(new Set(fromBytes.map(({ logits }) => logits[0])).size).toBe(3);
  });

  it('runs the same picture several times at once', async () => {
    const [one, other] = await samples(2);
    if (one === undefined || other === undefined) throw new Error('Expected two samples');
    const given = await allOf(await run([one, one, other, one, one]));
    expect(given.map(({ picture }) => picture)).toEqual([one, one, other, one, one]);
    const [first, ...more] = given.map(({ logits }) => logits);
    expect(more.map((logits) => logits[0] === first?.[0])).toEqual([true, false, true, true]);
  });

  it('reads pictures only as far ahead as the threads need, and ends the reading if its reader leaves', async () => {
    const pictures = await samples(2);
    let read = 0;
    let isEnded = false;
    async function* endless(): AsyncGenerator<PictureBytes> {
      try {
        for (;;) {
          read += 1;
          yield pictures[read % 2] ?? { sha256: sha256Of(Buffer.from('none')) };
        }
      } finally {
        isEnded = true;
      }
    }
    let seen = 0;
    for await (const { outputs } of await run(endless())) {
      expect(outputs.problem).toBeNull();
      seen += 1;
      if (seen === 3) break;
    }
    expect(isEnded).toBe(true);
    // One thread has at most 10 photos at two crops in a pass.
    expect(read).toBeLessThanOrEqual(10 + 3);
  });

  it('throws what the reading of pictures throws, and stops at its signal', async () => {
    const [one] = await samples(1);
    function* failing(): Generator<PictureBytes> {
      if (one !== undefined) yield one;
      throw new Error('the disk is gone');
    }
    await expect(allOf(await run(failing()))).rejects.toThrow('the disk is gone');
    const controller = new AbortController();
    const given = await run(one === undefined ? [] : Array.from({ length: 100 }, () => one), {
      signal: controller.signal,
    });
    await given.next();
    controller.abort();
    await expect(allOf(given)).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('refuses a model whose number of logits is not the number of its classes', async () => {
    await expect(allOf(await run(await samples(1), { classes: { count: 200 } }))).rejects.toThrow(/200/);
  });
});
