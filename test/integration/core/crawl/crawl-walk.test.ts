import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../../../src/core/runtime/open/app.process.ts';
import { crawlWalk } from '../../../../src/core/crawl/discover/crawl-walk.process.ts';
import { discoverFolder } from '../../../../src/core/crawl/sources/folder/discover-folder.process.ts';
import { openLogger } from '../../../../src/core/platform/log/logger.ts';
import { useDatabase } from '../../../support/database.ts';
import { scratchFolder } from './folder/scratch.ts';
import { collection, emptyCatalogue } from '../../../support/catalogue-fixtures.ts';

const database = useDatabase();
beforeEach(() => emptyCatalogue(database.db));

describe('a walk over a folder', () => {
  it('uses the sub-folders if a labels.csv is in a sub-folder, and warns that the list is not read', async () => {
    const dir = scratchFolder({ 'n01/a.jpg': 'a', 'n01/labels.csv': 'file,wnid\na.jpg,n02\n', 'n01/Thumbs.db': '' });
    const lines: string[] = [];
    const stderr = Object.assign(Object.create(process.stderr), {
      isTTY: false,
      write: (line: string) => lines.push(line),
    }) as NodeJS.WriteStream;
    const app = { db: database.db, log: openLogger({ level: 'warn', format: 'text' }, stderr) } as unknown as App;
    const wnids = new Set(['n01', 'n02']);
    const { collectionId } = await collection(database.db, 'birds');
    const summary = await crawlWalk(app, {
      collectionId,
      walk: {
        source: 'folder',
        retryFailed: true,
        photos: ({ signal, onIgnored }) => discoverFolder(dir, { signal, onIgnored }),
      },
      rules: { resolveLabel: (label) => ({ ok: true, wnid: label }), wnids, licences: 'any' },
      wanted: wnids,
      limitPerClass: null,
      signal: new AbortController().signal,
      onPage: () => undefined,
      onFound: () => undefined,
      onWaiting: () => Promise.resolve(),
      waitForRoom: () => Promise.resolve(),
    });
    expect(summary).toMatchObject({ seen: 1, newPictures: 1, ignored: 2, complete: true });
    expect((await sql`select wnid from candidate`.execute(database.db)).rows).toEqual([{ wnid: 'n01' }]);
    expect(lines).toEqual([
      'winnow: warning: labels.csv is read only at the top of the folder; this one is skipped (file n01/labels.csv)\n',
    ]);
  });
});
