import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Protocol } from '../../src/core/export/protocol.ts';
import type { PublishResult } from '../../src/exchange/publish/publish.process.ts';
import type { Verification } from '../../src/core/export/verify/findings.ts';
import type { ShortlistLine } from '../../src/core/shortlist/shortlist-csv.ts';
import { inCatalogueOf } from '../support/decided.ts';
import { startHub, type TestHub } from '../support/hub-server.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { startS3, type TestS3 } from '../support/s3-server.ts';
import { sha256Of } from '../support/sha256.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { jsonLines, repositoryRoot, winnow } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
const SAMPLES = path.join(repositoryRoot, 'test/fixtures/samples/photos');
/** Most photos of these classes are right for the model: they can be controls of mode A, and are kept in mode O. */
const CLASSES = ['n03160309', 'n03481172'];
/** Photos of other classes, which the filter of mode A keeps. */
const OTHERS = ['n01518878', 'n01694178', 'n01847000', 'n01945685', 'n02012849', 'n02091467'];
const MODEL = 'ensemble: [efficientnet-lite0]\n';

const FULL = ['--format', 'webdataset,coco,parquet', '--thumbnails'];
const LINKS = ['--no-pixels'];
const RELEASED = ['--names', 'imagenet-a', '--format', 'coco'];
/** The flags of the revision before the takedown, and of the one after it. */
const FORMS = [
  { mode: 'A', title: 'all forms', before: FULL, after: FULL },
  { mode: 'A', title: 'released names', before: RELEASED, after: RELEASED },
  { mode: 'A', title: 'no pictures', before: LINKS, after: LINKS },
  { mode: 'A', title: 'all forms, then released names', before: FULL, after: RELEASED },
  { mode: 'A', title: 'no pictures, then all forms', before: LINKS, after: FULL },
  { mode: 'O', title: 'all forms', before: FULL, after: FULL },
  { mode: 'O', title: 'released names', before: RELEASED, after: RELEASED },
  { mode: 'O', title: 'released names, then all forms', before: RELEASED, after: FULL },
] as const;

type Files = ReadonlyMap<string, Buffer>;
type Mode = (typeof FORMS)[number]['mode'];

let s3: TestS3;
let hub: TestHub;
/** Hashes of the photos that were taken down, and of their files. */
const takenDown = { A: new Set<string>(), O: new Set<string>() };

async function done(args: readonly string[], env = {}): Promise<string> {
  const result = await winnow([...args, '--json'], { env });
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result.stdout;
}

const collectionOf = (mode: Mode): string[] => [
  '--collection',
  folder.at(`${mode}.yaml`),
  '--data',
  folder.at(`data-${mode}`),
];
const revisionAt = (mode: Mode, when: string, flags: readonly string[]): string =>
  folder.at(`${mode}-${when}${flags.join('').replaceAll(/\W/g, '-')}`);

async function filesBelow(root: string): Promise<Files> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const places = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => path.join(parentPath, name));
  return new Map(
    await Promise.all(places.map(async (place) => [path.relative(root, place), await readFile(place)] as const)),
  );
}

/** Exports every form, before the takedown and after it. */
async function exportAll(mode: Mode, when: string): Promise<void> {
  for (const flags of new Set(
    FORMS.filter((form) => form.mode === mode).flatMap(({ before, after }) => [before, after]),
  ))
    await done(['export', ...collectionOf(mode), '--out', revisionAt(mode, when, flags), ...flags]);
}

async function acceptAll(mode: Mode, lines: readonly ShortlistLine[]): Promise<void> {
  const verdicts = lines.map(({ sha256, wnid }) => `${sha256},${wnid},accept,Ana`);
  await writeFile(folder.at('verdicts.csv'), ['sha256,wnid,verdict,reviewer', ...verdicts].join('\n'));
  await done(['verdicts', 'import', folder.at('verdicts.csv'), ...collectionOf(mode)]);
}

/** `winnow export diff` of two revisions of mode A that were written with all forms. */
async function diffOf(older: string, newer: string): Promise<Record<string, unknown>> {
  const ids = await Promise.all(
    [older, newer].map(async (when) => {
      const text = await readFile(path.join(revisionAt('A', when, FULL), 'protocol.json'), 'utf8');
      return (JSON.parse(text) as Pick<Protocol, 'id'>).id;
    }),
  );
  return JSON.parse(await done(['export', 'diff', ...ids, ...collectionOf('A')]));
}

/** Differences by the controls alone: as this version stores them, and as earlier ones did. */
const controlsCameIn: unknown[] = [];

async function compareWithControls(): Promise<void> {
  controlsCameIn.push(await diffOf('v0', 'v1'));
  const change = (statement: string) => inCatalogueOf(folder.at('data-A'), statement);
  await change(`create table marked as select export_id, wnid, sha256 from export_photo where reason = 'control'`);
  await change(`update export_photo set reason = null where reason = 'control'`);
  controlsCameIn.push(await diffOf('v0', 'v1'));
  await change(`update export_photo p set reason = 'control' from marked m
    where m.export_id = p.export_id and m.wnid = p.wnid and m.sha256 = p.sha256`);
  await change('drop table marked');
}

/** A reviewed set in two revisions of each form. The second lacks one photo, and one control if there are any. */
async function makeRevisions(mode: Mode, collection: string): Promise<void> {
  await writeFile(folder.at(`${mode}.yaml`), collection);
  await done(['run', ...collectionOf(mode), '--source', 'folder', '--from', folder.at(`photos-${mode}`)]);
  await done(['rights', 'set', ...collectionOf(mode), '--licence', 'CC-BY-4.0', '--creator', 'Ana']);
  const controls = mode === 'A' ? ['--controls', '2'] : [];
  const lines = jsonLines<ShortlistLine & { readonly state: string }>(
    await done(['shortlist', ...collectionOf(mode), ...controls]),
  );
  const listed = lines.filter(({ state }) => state === 'listed');
  const drawn = lines.filter(({ state }) => state === 'control');
  await acceptAll(mode, listed);
  await done(['export', ...collectionOf(mode), '--out', revisionAt(mode, 'v0', FULL), ...FULL]);
  if (mode === 'A') await acceptAll(mode, drawn);
  await exportAll(mode, 'v1');
  if (mode === 'A') await compareWithControls();
  const gone = [listed[0]?.sha256 ?? '', ...(mode === 'A' ? [drawn[0]?.sha256 ?? ''] : [])];
  for (const sha256 of gone) {
    takenDown[mode].add(sha256);
    await done(['takedown', '--sha256', sha256, '--data', folder.at(`data-${mode}`), '--reason', 'asked']);
  }
  await noteFilesOf(mode, gone);
  await exportAll(mode, 'v2');
}

/** Exported pictures may have other bytes than the stored photo, so their hashes come from the rows. */
async function noteFilesOf(mode: Mode, photos: readonly string[]): Promise<void> {
  const files = await filesBelow(revisionAt(mode, 'v1', FULL));
  for (const split of ['test', 'control'])
    for (const row of jsonLines<Record<string, string>>(String(files.get(`${split}/metadata.jsonl`) ?? '')))
      if (photos.includes(row['original_sha256'] ?? '')) takenDown[mode].add(row['sha256'] ?? '');
}

beforeAll(async () => {
  [s3, hub] = [await startS3(), await startHub()];
  for (const [i, wnid] of CLASSES.entries()) {
    await cp(path.join(SAMPLES, wnid), folder.at('photos-A', wnid), { recursive: true });
    await cp(path.join(SAMPLES, wnid), folder.at('photos-O', ['anthias', 'discus fish'][i] ?? ''), { recursive: true });
    for (const other of OTHERS.slice(i * 3, i * 3 + 3)) {
      const [photo = ''] = (await readdir(path.join(SAMPLES, other))).toSorted();
      await cp(path.join(SAMPLES, other, photo), folder.at('photos-A', wnid, `other-${photo}`));
    }
  }
  const rules = 'policy: { nearDuplicateDistance: 0 }\n';
  await makeRevisions('A', `name: a\nclasses: [${CLASSES.join(', ')}]\namong: imagenet-1k\n${MODEL}${rules}`);
  await makeRevisions(
    'O',
    `name: o\nmode: O\nclasses: [${CLASSES.join(', ')}]\n${MODEL}policy: { minConfidence: 0.2 }\n`,
  );
});
afterAll(() => Promise.all([s3.close(), hub.close()]));

/** Files that winnow did not publish. */
const FOREIGN = ['scripts/mine.py', 'control/notes.md', `test/${CLASSES[0]}/notes.txt`, 'data/train.parquet'];
const MINE = Buffer.from('mine');

const PLACES = {
  bucket: {
    to: 's3://photos/set',
    env: () => ({
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_ENDPOINT_URL: s3.url,
    }),
    add: (file: string) => s3.objects.set(`set/${file}`, { bytes: MINE, sha256: null }),
    files: (): Files => new Map([...s3.objects].map(([key, { bytes }]) => [key.slice('set/'.length), bytes])),
    empty: () => s3.objects.clear(),
  },
  Hub: {
    to: 'hf:my-lab/set',
    env: () => ({ HF_TOKEN: hub.token, HF_ENDPOINT: hub.url }),
    add: (file: string) => hub.datasets.get('my-lab/set')?.files.set(file, { bytes: MINE, isLfs: false }),
    files: (): Files =>
      new Map(
        [...(hub.datasets.get('my-lab/set')?.files ?? [])].flatMap(([file, { bytes }]) =>
          file === '.gitattributes' ? [] : [[file, bytes]],
        ),
      ),
    empty: () => hub.datasets.clear(),
  },
} as const;

describe.each(['bucket', 'Hub'] as const)('a takedown, an export and a publish to a %s', (kind) => {
  const place = PLACES[kind];
  const publish = async (root: string): Promise<PublishResult> =>
    JSON.parse(await done(['publish', root, '--to', place.to], place.env()));

  it.each(FORMS)(
    'leave nothing of the photo, and other files alone: mode $mode, $title',
    async ({ mode, title, before, after }) => {
      place.empty();
      const hashesThere = (): string[] => [...place.files().values()].map(sha256Of);
      await publish(revisionAt(mode, 'v1', before));
      for (const file of FOREIGN) place.add(file);
      const isWithPictures = !before.includes('--no-pixels');
      expect(hashesThere().some((sha256) => takenDown[mode].has(sha256))).toBe(isWithPictures);

      await publish(revisionAt(mode, 'v2', after));
      const expected = await filesBelow(revisionAt(mode, 'v2', after));
      expect([...place.files().keys()].toSorted()).toEqual([...expected.keys(), ...FOREIGN].toSorted());
      expect(hashesThere().filter((sha256) => takenDown[mode].has(sha256))).toEqual([]);

      const copy = folder.at(`copy-${kind}-${mode}-${title.replaceAll(/\W/g, '-')}`);
      for (const [file, bytes] of place.files()) {
        if (FOREIGN.includes(file)) continue;
        await mkdir(path.dirname(path.join(copy, file)), { recursive: true });
        await writeFile(path.join(copy, file), bytes);
      }
      const verified = JSON.parse(await done(['verify', copy, '--sample', '1'])) as Verification;
      expect(verified).toMatchObject({ ok: true, breaches: [] });
    },
  );
});

describe('winnow export diff', () => {
  it('counts a control that was taken down apart from the photos', async () => {
    expect(await diffOf('v1', 'v2')).toMatchObject({
      added: 0,
      removed: 1,
      changes: [{ change: 'removed', reason: 'taken-down', photos: 1 }],
      controls: { added: 0, removed: 1 },
    });
  });

  it('counts controls that came in apart from the photos, also in revisions of versions that did not mark them', () => {
    const controlsOnly = { added: 0, removed: 0, changes: [], controls: { added: 4, removed: 0 } };
    expect(controlsCameIn).toEqual([expect.objectContaining(controlsOnly), expect.objectContaining(controlsOnly)]);
  });
});
