import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { usableCollection } from '../../../../src/core/collection/collection.process.ts';
import { loadConfig } from '../../../../src/core/config/load-config.ts';
import { discoverFolder } from '../../../../src/core/crawl/sources/folder/discover-folder.process.ts';
import { readStops } from '../../../../src/core/crawl/sources/source-stop.repository.ts';
import { NO_RIGHTS, type FoundPhoto } from '../../../../src/core/crawl/sources/source.ts';
import { runStages } from '../../../../src/core/library/stages.process.ts';
import { openWorkspace } from '../../../../src/core/models/workspace/workspace.process.ts';
import { openLogger } from '../../../../src/core/platform/log/logger.ts';
import { openApp } from '../../../../src/core/runtime/open/app.process.ts';
import { useDatabase } from '../../../support/database.ts';
import { portOfItsOwn } from '../../../support/free-port.ts';
import { suiteFolder } from '../../../support/process-tree.ts';
import { repositoryRoot } from '../../../support/winnow.ts';

const database = useDatabase();
const folder = suiteFolder();
const TENCH = 'n01440764';
const PICTURE = path.join(repositoryRoot, 'test', 'fixtures', 'preprocess', 'tiny-17x31.png');

it('a folder is read to its end although the network is gone', async () => {
  const host = `127.0.0.1:${await portOfItsOwn()}`;
  const { config } = await loadConfig({
    env: { WINNOW_POSTGRES_URL: database.url, WINNOW_CRAWL_CONTACT: 'curator@example.org' },
    argvSettings: [
      ['crawl.giveUpAfterMs', '1000', '--set'],
      // The host is asked four times. No picture may use up its tries before that.
      ['fetch.tries', '5', '--set'],
      ['fetch.allowAddresses', host, '--set'],
    ],
  });
  const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);
  const app = await openApp({ config, dataDir: folder.at('data'), clientName: 'test', log });
  onTestFinished(() => app.close());
  const workspace = await openWorkspace(app, (await usableCollection('demo')).collection);
  const photos = folder.at('photos');
  await mkdir(path.join(photos, TENCH), { recursive: true });
  await copyFile(PICTURE, path.join(photos, TENCH, 'a.png'));
  const { signal } = new AbortController();
  const listed = (url: string): FoundPhoto => {
    return { source: 'urls', sourceId: url, url, label: TENCH, ...NO_RIGHTS, problem: null };
  };
  const isNetworkGone = async (): Promise<boolean> =>
    (await readStops(app.db, workspace.scope.collectionId)).length > 0;
  const { crawl, counts, stopped } = await runStages(workspace, {
    stages: ['discover', 'fetch'],
    signal,
    show: () => () => undefined,
    plan: {
      network: [],
      walked: [],
      walks: [
        {
          source: 'urls',
          retryFailed: false,
          async *photos() {
            for (const name of ['1.jpg', '2.jpg']) yield listed(`http://${host}/${name}`);
          },
        },
        {
          source: 'folder',
          retryFailed: true,
          async *photos(options) {
            while (!(await isNetworkGone())) await sleep(200);
            yield* discoverFolder(photos, options);
          },
        },
      ],
    },
  });
  expect(crawl).toMatchObject({ seen: 3, complete: true });
  expect(counts.of('folder')).toMatchObject({ found: 1, fetched: 1 });
  expect([...stopped]).toMatchObject([['urls', { reason: 'gave-up', host, pictures: 2 }]]);
});
