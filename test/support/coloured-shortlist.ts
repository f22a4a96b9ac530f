import sharp from 'sharp';
import { openApp } from '../../src/core/runtime/open/app.process.ts';
import { openWorkspace, type Workspace } from '../../src/core/models/workspace/workspace.process.ts';
import { usableCollection } from '../../src/core/collection/collection.process.ts';
import { loadConfig } from '../../src/core/config/load-config.ts';
import { openLogger } from '../../src/core/platform/log/logger.ts';
import { buildShortlist } from '../../src/core/shortlist/make-shortlist.process.ts';
import { candidate, decideAs, kept, photo, store, stored } from './catalogue-fixtures.ts';
import { sha256Of } from './sha256.ts';
import { catalogueOf } from './shared-server.ts';

/**
 * Makes a data folder of the collection demo on the shared server, with a shortlist of photos of one colour each. No model runs.
 *
 * @param photos by class how many, in the order in which classes are reviewed
 * @param confusionOf the class that the filter took the photos of a class for
 * @returns the workspace, whose app the caller closes
 */
export async function makeColouredShortlist(
  dataDir: string,
  photos: Readonly<Record<string, number>>,
  confusionOf: (wnid: string) => string,
): Promise<Workspace> {
  const { config } = await loadConfig({ env: { WINNOW_POSTGRES_URL: await catalogueOf(dataDir) } });
  const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);
  const app = await openApp({ config, dataDir, clientName: 'test', log });
  const workspace = await openWorkspace(app, (await usableCollection('demo')).collection);
  const { scope, collection } = workspace;
  for (const [wnid, count] of Object.entries(photos)) {
    for (let i = 0; i < count; i += 1) {
      const name = `${wnid} ${i}`;
      const background = `#${sha256Of(name).slice(0, 6)}`;
      const bytes = await sharp({ create: { width: 640, height: 480, channels: 3, background } })
        .jpeg()
        .toBuffer();
      const sha256 = sha256Of(bytes);
      await app.blobs.put(sha256, bytes);
      const { waiting } = await store(app.db, [candidate(name, { wnid })]);
      const photoId = await stored(app.db, waiting[0] ?? 0, photo(name, { sha256, bytes: bytes.length }));
      await decideAs(app.db, scope, [kept(photoId, wnid, { confusionWnid: confusionOf(wnid) })]);
    }
  }
  await buildShortlist(app.db, scope, { policy: { ...collection.policy, cap: 1_000 }, backboneId: null });
  return workspace;
}
