import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireData } from '../../../../src/core/runtime/open/data-folder.process.ts';
import { withFolder } from '../../../support/winnow.ts';

async function problemOf(dataDir: string): Promise<string> {
  return requireData(dataDir).then(
    () => '',
    (error: Error) => error.message,
  );
}

describe('a command that needs data', () => {
  it('accepts a folder that a command has used, and does not check a path that is not a folder', async () => {
    await withFolder(async (folder) => {
      await mkdir(path.join(folder, 'birds', 'postgres'), { recursive: true });
      await writeFile(path.join(folder, 'file'), '');
      for (const name of ['birds', 'file', 'file/below']) expect(await problemOf(path.join(folder, name))).toBe('');
    });
  });

  it('refuses a folder without data, and names the folder that was probably meant', async () => {
    await withFolder(async (folder) => {
      await mkdir(path.join(folder, 'other'));
      expect(await problemOf(path.join(folder, 'other'))).toMatch(
        /no winnow data in '.*other' .*winnow crawl, run and demo create it\.$/,
      );
      await mkdir(path.join(folder, 'dragonflies', 'postgres'), { recursive: true });
      expect(await problemOf(path.join(folder, 'dragonfiles'))).toMatch(/Did you mean '.*dragonflies'\?/);
      expect(await problemOf(folder)).toMatch(/; there is data in '.*dragonflies'$/);
    });
  });
});
