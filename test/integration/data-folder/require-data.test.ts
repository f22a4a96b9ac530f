import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireData } from '../../../src/app/open/data-folder.ts';
import { withFolder } from '../../support/winnow.ts';

async function problemOf(dataDir: string): Promise<string> {
  return requireData(dataDir).then(
    () => '',
    (error: Error) => error.message,
  );
}

describe('a command that needs data', () => {
  it('takes a folder that some command has worked on, and leaves what is no folder to whoever opens it', async () => {
    await withFolder(async (folder) => {
      await mkdir(path.join(folder, 'birds', 'postgres'), { recursive: true });
      await writeFile(path.join(folder, 'file'), '');
      for (const name of ['birds', 'file', 'file/below']) expect(await problemOf(path.join(folder, name))).toBe('');
    });
  });

  it('refuses a folder that is not there or holds something else, and names the one that was probably meant', async () => {
    await withFolder(async (folder) => {
      await mkdir(path.join(folder, 'other'));
      expect(await problemOf(path.join(folder, 'other'))).toMatch(/other' .*none; winnow crawl, run and demo make it$/);
      await mkdir(path.join(folder, 'dragonflies', 'postgres'), { recursive: true });
      expect(await problemOf(path.join(folder, 'dragonfiles'))).toMatch(/Did you mean '.*dragonflies'\?/);
      expect(await problemOf(folder)).toMatch(/none; there is some in '.*dragonflies'$/);
    });
  });
});
