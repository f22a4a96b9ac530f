import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { fetchPartition, type FetchDeps } from '../../../../src/core/crawl/fetch/fetch.process.ts';
import { openPhotoStore, type PhotoStoreDeps } from '../../../../src/core/photo/photo-store.process.ts';
import { takeDown, type TakedownTarget } from '../../../../src/core/photo/takedown.repository.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';
import {
  candidate,
  collection,
  CRAWLER,
  decideAs,
  emptyCatalogue,
  fetched,
  kept,
  photo,
  store,
} from '../../../support/catalogue-fixtures.ts';

const database = useDatabase();
beforeEach(async () => {
  await emptyCatalogue(database.db);
  await database.db.deleteFrom('takedown').execute();
});

const REASON = 'asked to';
const URL_OF_A = 'https://host.example/a.jpg';
const a = candidate('a', { source: 'flickr', url: URL_OF_A });

const TARGETS: readonly (readonly [name: string, TakedownTarget])[] = [
  ['its bytes', { sha256: sha256Of('wren') }],
  ['its URL', { urls: [URL_OF_A] }],
  ['its place at the source', { source: 'flickr', sourceId: 'a' }],
];

const partition = (host: string) => ({ host, partition: 0, partitions: 1 });

/** Every picture has the bytes `wren`. `meanwhile` runs at the given step of the first picture. */
function crawl(step?: 'read' | 'put', meanwhile: () => Promise<unknown> = () => Promise.resolve()) {
  const blobs = new Set<string>();
  const outcomes: string[] = [];
  let pending = step;
  const at = async (here: 'read' | 'put'): Promise<void> => {
    if (pending !== here) return;
    pending = undefined;
    await meanwhile();
  };
  const blobFolder: PhotoStoreDeps['blobs'] = {
    async put(sha256) {
      blobs.add(sha256);
      await at('put');
    },
    async remove(sha256) {
      blobs.delete(sha256);
    },
  };
  const deps: FetchDeps = {
    db: database.db,
    refusedSignals: [],
    async read() {
      await at('read');
      return { kind: 'bytes', bytes: Buffer.from('wren') };
    },
    hold: async () => ({
      inspect: async () => ({
        ok: true,
        format: 'png',
        width: 8,
        height: 8,
        exifOrientation: 1,
        perceptualHash: '8000000000000000',
        fineHash: '00'.repeat(255),
      }),
      release: () => Promise.resolve(),
    }),
    photos: openPhotoStore({ db: database.db, blobs: blobFolder }),
    limits: { maxPixels: 100, minSidePixels: 1, maxAspectRatio: 9 },
    scope: { collectionId: CRAWLER, licences: 'any', sources: ['folder', 'flickr', 'urls'], wnids: ['n01'] },
    shouldStop: () => false,
    onOutcome: ({ outcome }) => outcomes.push(outcome),
    onHostWaits: () => undefined,
  };
  return { blobs, outcomes, run: async (host: string) => (await fetchPartition(partition(host), deps)).photoIds };
}

async function states(): Promise<Record<string, string>> {
  const rows = await database.db.selectFrom('picture').selectAll().orderBy('id').execute();
  return Object.fromEntries(rows.map((row) => [`${row.source} ${row.source_id}`, row.reason ?? row.state]));
}

const photos = async (): Promise<number> => (await database.db.selectFrom('photo').select('id').execute()).length;

describe('takeDown', () => {
  it.each(TARGETS)(
    'of %s removes the photo with all that was made of it, and names who had listed it',
    async (_, target) => {
      const scope = await collection(database.db, 'birds');
      const id = await fetched(database.db, [a], 'A');
      await database.db
        .updateTable('photo')
        .set({ sha256: Buffer.from(sha256Of('wren'), 'hex') })
        .execute();
      await fetched(database.db, [candidate('other')], 'B');
      await decideAs(database.db, scope, [kept(id, 'n01')]);
      const policy = { cap: 5, nearDuplicateDistance: 4 };
      await buildShortlist(database.db, scope, { policy, backboneId: null });
      await sql`insert into report (collection_id, report, inputs) values (${scope.collectionId}, '{}', '{}')`.execute(
        database.db,
      );
      expect(await takeDown(database.db, target, REASON)).toEqual({
        photos: [sha256Of('wren')],
        pictures: 1,
        collections: ['birds'],
        reports: ['birds'],
      });
      expect((await sql`select from report`.execute(database.db)).rows).toEqual([]);
      expect(await states()).toEqual({ 'flickr a': 'taken-down', 'folder other': 'fetched' });
      const left = await database.db.selectFrom('photo').select('sha256').execute();
      expect(left.map(({ sha256 }) => sha256.toString('hex'))).toEqual([photo('B').sha256]);
      expect(await database.db.selectFrom('decision').selectAll().execute()).toEqual([]);
      expect(await takeDown(database.db, target, REASON)).toMatchObject({ photos: [], collections: [] });
    },
  );

  it.each(TARGETS)('of %s rejects the same bytes from elsewhere', async (_, target) => {
    await store(database.db, [a]);
    await crawl().run('host.example');
    await takeDown(database.db, target, REASON);
    await store(database.db, [a, candidate('b', { source: 'urls', url: 'https://mirror.example/b.jpg' })]);
    const again = crawl();
    expect([await again.run('host.example'), await again.run('mirror.example')]).toEqual([[], []]);
    expect(await states()).toEqual({ 'flickr a': 'taken-down', 'urls b': 'taken-down' });
    expect([await photos(), again.blobs.size]).toEqual([0, 0]);
  });

  const steps = (['read', 'put'] as const).flatMap((step) => TARGETS.map(([name, target]) => ({ step, name, target })));
  it.each(steps)('of $name wins over a crawl that is storing the bytes: $step', async ({ step, target }) => {
    await store(database.db, [a, candidate('b', { source: 'urls', url: 'https://mirror.example/b.jpg' })]);
    const one = crawl(step, () => takeDown(database.db, target, REASON));
    expect(await one.run('host.example')).toEqual([]);
    expect((await states())['flickr a']).toBe('taken-down');
    expect([await photos(), one.blobs.size, one.outcomes]).toEqual([0, 0, ['dropped']]);
    // Its bytes are known from here on.
    await one.run('mirror.example');
    expect([await states(), await photos()]).toEqual([{ 'flickr a': 'taken-down', 'urls b': 'taken-down' }, 0]);
  });

  it('of a URL or place refuses pictures that are found there under another name', async () => {
    await takeDown(database.db, { urls: [URL_OF_A] }, REASON);
    await takeDown(database.db, { source: 'flickr', sourceId: 'c' }, REASON);
    await store(database.db, [
      candidate('b', { source: 'urls', url: URL_OF_A }),
      candidate('c', { source: 'flickr', url: 'https://host.example/c.jpg' }),
      candidate('c', { source: 'urls', url: 'https://host.example/c.jpg' }),
    ]);
    expect(await states()).toEqual({ 'urls b': 'taken-down', 'flickr c': 'taken-down', 'urls c': 'found' });
  });

  const commons = candidate('77', { source: 'commons', url: 'https://commons.example/77.jpg', origin: 'flickr:a' });
  const PLACES = [
    { source: 'flickr', sourceId: 'a' },
    { source: 'commons', sourceId: '77' },
  ];
  it.each(PLACES)(
    'of $source $sourceId takes down its copy at the other source, found before or after',
    async (target) => {
      await store(database.db, [a, commons]);
      expect(await takeDown(database.db, target, REASON)).toMatchObject({ pictures: 2 });
      const both = { 'flickr a': 'taken-down', 'commons 77': 'taken-down' };
      expect(await states()).toEqual(both);
      await emptyCatalogue(database.db);
      await store(database.db, [target.source === 'flickr' ? commons : a]);
      expect(Object.values(await states())).toEqual(['taken-down']);
    },
  );

  it('of a photo that was not found takes down its copy at another source', async () => {
    await store(database.db, [commons]);
    expect(await takeDown(database.db, { source: 'flickr', sourceId: 'a' }, REASON)).toMatchObject({ pictures: 1 });
  });
});
