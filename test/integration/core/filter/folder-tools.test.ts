import { copyFile, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../../../src/core/runtime/open/app.process.ts';
import { pruneCollection } from '../../../../src/core/filter/prune/prune.process.ts';
import { addReferences } from '../../../../src/core/filter/references/references.process.ts';
import { openWorkspace } from '../../../../src/core/models/workspace/workspace.process.ts';
import { usableCollection } from '../../../../src/core/collection/collection.process.ts';
import { listReferenceSets } from '../../../../src/core/photo/reference-set.repository.ts';
import { useDatabase } from '../../../support/database.ts';
import { repositoryRoot } from '../../../support/winnow.ts';
import { candidate, emptyCatalogue, fetched } from '../../../support/catalogue-fixtures.ts';
import { openTestApp, testFolder } from '../../../support/test-app.ts';

const database = useDatabase();
beforeEach(async () => {
  await emptyCatalogue(database.db);
  await database.db.deleteFrom('reference_set').execute();
});

const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');
const { signal } = new AbortController();

const appIn = (folder: string): Promise<App> => openTestApp({ url: database.url, dataDir: path.join(folder, 'data') });

describe('adding references', () => {
  it('from a folder without pictures changes nothing and reports it, because the disk may not be mounted', async () => {
    const folder = await testFolder();
    const app = await appIn(folder);
    const dir = path.join(folder, 'pictures');
    await mkdir(dir);
    const add = () => {
      const counts = { seen: 0, held: 0, unchanged: 0, unreadable: {} };
      return addReferences(app, { dir, distance: 6 }, { signal, counts });
    };
    await expect(add()).rejects.toMatchObject({ code: 'no-pictures', message: expect.stringContaining(`'${dir}'`) });
    expect(await listReferenceSets(app.db)).toEqual([]);
    const picture = path.join(dir, 'one.jpg');
    await copyFile(path.join(SAMPLES, 'n01443537', 'goldfish.jpg'), picture);
    expect(await add()).toMatchObject({ leaks: 0 });
    await rm(picture);
    await expect(add()).rejects.toMatchObject({ code: 'no-pictures' });
    expect(await listReferenceSets(app.db)).toMatchObject([{ folder: dir, pictures: 1 }]);
  });
});

describe('a dry run of prune', () => {
  it('counts photos that an interrupted prune has left', async () => {
    const app = await appIn(await testFolder());
    const id = await fetched(app.db, [candidate('A')], 'A');
    await app.db
      .updateTable('photo')
      .set({ bytes_state: 'pruning', pruned_at: new Date() })
      .where('id', '=', id)
      .execute();
    const workspace = await openWorkspace(app, (await usableCollection('demo')).collection);
    const left = { photos: 1, bytes: 100_000 };
    expect(await pruneCollection(workspace, { isDryRun: true, signal })).toMatchObject({ gone: left, finished: left });
  });
});
