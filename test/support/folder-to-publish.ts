import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { protocolSchema, type Protocol } from '../../src/export/protocol.ts';
import { idOf, photoId } from '../../src/export/revision-id.ts';
import { sha256Of } from './sha256.ts';

/** What a made export has. */
export interface MadeExport {
  /** Absolute. */
  readonly root: string;
  readonly id: Protocol['id'];
  /** Contents by path, with SHA256SUMS. */
  readonly files: ReadonlyMap<string, Buffer>;
}

const CLASSES = ['n01440764', 'n01443537', 'n01514668'];

/**
 * Writes a folder with the files and the checksums of an export, without a catalogue. The "photos" are a few bytes each.
 *
 * @param photos numbers of the photos: the same number gives the same bytes
 * @param others further files by path
 */
export async function makeExport(
  root: string,
  photos: readonly number[],
  others: Readonly<Record<string, Buffer>> = {},
): Promise<MadeExport> {
  const files = new Map<string, Buffer>();
  for (const number of photos) {
    const bytes = Buffer.from(`photo ${number} ${'x'.repeat(number % 97)}`);
    const wnid = CLASSES[number % CLASSES.length] ?? '';
    files.set(`test/${wnid}/${photoId(sha256Of(bytes))}.jpg`, bytes);
  }
  const protocol = protocolWith([...files.values()], photos);
  files.set('test/metadata.jsonl', Buffer.from(photos.map((number) => `{"id":${number}}\n`).join('')));
  files.set('attribution.csv', Buffer.from(`id\n${photos.join('\n')}\n`));
  files.set('LICENSES.md', Buffer.from('# Licences\n'));
  for (const [file, bytes] of Object.entries(others)) files.set(file, bytes);
  files.set('README.md', Buffer.from(`# ${photos.length} photos\n`));
  files.set('protocol.json', Buffer.from(`${JSON.stringify(protocol, null, 2)}\n`));
  const sums = [...files].map(([file, bytes]) => `${sha256Of(bytes)}  ${file}\n`);
  files.set('SHA256SUMS', Buffer.from(sums.join('')));
  await rm(root, { recursive: true, force: true });
  for (const [file, bytes] of files) {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await writeFile(path.join(root, file), bytes);
  }
  return { root, id: protocol.id, files };
}

function protocolWith(bytes: readonly Buffer[], photos: readonly number[]): Protocol {
  const none = sha256Of('');
  const agreement = {
    photos: 0,
    percent: null,
    cohenKappa: null,
    cohenKappaLow: null,
    cohenKappaHigh: null,
    krippendorffAlpha: null,
    krippendorffAlphaLow: null,
    krippendorffAlphaHigh: null,
  };
  const content = {
    format: 1,
    winnow: '0.1.0',
    collection: { name: 'made', sha256: none, decisionSha256: none, sources: ['folder'] },
    frozenAt: '2026-11-26T12:00:00.000Z',
    rule: { mode: 'A', threshold: 0.2, aggregation: 'max', members: 'any', cap: 5 },
    nearDuplicates: { distance: 0, cosine: null },
    models: [
      {
        name: 'made',
        sha256: none,
        bytes: 1,
        preprocessing: '1',
        executionProvider: 'cpu',
        licence: 'MIT',
        source: 'https://example.org/',
        size: 224,
        shorterSide: 256,
        mean: [0, 0, 0],
        std: [1, 1, 1],
      },
    ],
    among: CLASSES,
    searched: CLASSES,
    folders: 'class',
    classes: CLASSES.map((wnid, label) => ({ label, wnid, name: wnid, photos: 0 })),
    photos: photos.length,
    bytes: bytes.reduce((sum, { length }) => sum + length, 0),
    reencoded: 0,
    pictures: { jpg: 0, png: 0 },
    leftOut: [],
    licences: [],
    sources: [],
    tags: [],
    collected: null,
    review: { criteria: null, secondPass: 0, target: null, reviewers: 0, orders: [], period: null, agreement },
    funnel: { photos },
    options: { formats: [], names: 'id', pixels: true, thumbnails: false, licences: null },
    tombstones: [],
    choices: [],
    card: {},
    files: {},
  };
  const unnamed = protocolSchema.parse({ ...content, id: none });
  return { ...unnamed, id: idOf(unnamed) };
}
