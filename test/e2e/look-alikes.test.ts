import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { lookAlikes } from '../support/look-alikes.ts';
import { winnow, withFolder } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

/** Keeps whatever the model is not entirely sure of: here, that a fruit is a goldfish. */
const COLLECTION = `
name: fruit
mode: A
classes: imagenet-1k
ensemble: [efficientnet-lite0]
policy: { threshold: 0.999 }
`;

describe('two photos of different things whose 64-bit hashes match', () => {
  it('are both listed, and only the one with a copy in a reference set is dropped as a leak', async () => {
    await withFolder(async (folder) => {
      const { avocado, kiwi } = await lookAlikes();
      const photos = path.join(folder, 'photos', 'n01443537');
      const references = path.join(folder, 'references');
      await mkdir(photos, { recursive: true });
      await mkdir(references);
      await writeFile(path.join(photos, 'avocado.png'), avocado);
      await writeFile(path.join(photos, 'kiwi.png'), kiwi);
      await writeFile(path.join(references, 'kiwi.jpg'), await sharp(kiwi).resize({ width: 124 }).jpeg().toBuffer());
      await writeFile(path.join(folder, 'fruit.yaml'), COLLECTION);
      const on = async (...args: string[]): Promise<string> => {
        const { code, stdout, stderr } = await winnow([...args, '--data', path.join(folder, 'data')]);
        expect({ args, code, stderr }).toMatchObject({ code: 0 });
        return stdout;
      };
      const ofCollection = ['--collection', path.join(folder, 'fruit.yaml')];

      await on('run', ...ofCollection, '--from', path.join(folder, 'photos'));
      const listed = (await on('shortlist', ...ofCollection, '--json')).trim().split('\n');
      expect(listed.map((line): unknown => JSON.parse(line))).toMatchObject([{ state: 'listed' }, { state: 'listed' }]);

      const added = await on('references', 'add', references, '--for', 'leaks', '--json');
      expect(JSON.parse(added)).toMatchObject({ held: 1, leaks: 1, overruled: 1 });
      const leaks = await on('decisions', ...ofCollection, '--reason', 'in-reference-set');
      expect(leaks).toContain('bits from kiwi.jpg in');
    });
  });
});
