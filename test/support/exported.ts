import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { accountOf } from '../../src/core/export/card/account.ts';
import { exportCard } from '../../src/core/export/card/card.ts';
import { croissantText } from '../../src/core/export/croissant/croissant.ts';
import { OutputFolder, type WrittenFile } from '../../src/core/export/output-folder.process.ts';
import type { PhotoRow } from '../../src/core/export/select/photo-row.ts';
import { EXPORT_FORMAT, protocolSchema, type Protocol } from '../../src/core/export/protocol.ts';
import { funnelOf } from '../../src/core/status/funnel.ts';
import { sha256Of } from './sha256.ts';

const CLASSES = [
  ['n01440764', 'tench'],
  ['n01498041', 'stingray, "yes: no" # 1'],
  ['n02206856', 'bee | *honeybee* é 蜂'],
] as const;

const OF_TENCH = { wnid: 'n01440764', source: 'folder', queryId: null } as const;
const KEPT = { ...OF_TENCH, state: 'kept', reason: null, isPruned: false } as const;

/** 1,240 candidates of one class, of which ten are listed and six accepted. */
const FUNNEL = funnelOf(
  { collection: 'demo', mode: 'A', classes: [] },
  {
    candidates: [
      { ...OF_TENCH, state: 'fetched', reason: null, count: 1_200 },
      { ...OF_TENCH, state: 'dropped', reason: 'too-small', count: 30 },
      { ...OF_TENCH, state: 'failed', reason: 'truncated', count: 10 },
    ],
    photos: [
      { ...OF_TENCH, state: 'dropped', reason: 'correct', listed: null, isPruned: false, count: 1_185 },
      { ...KEPT, listed: 'cap', count: 5 },
      { ...KEPT, listed: 'listed', count: 10 },
    ],
    verdicts: [
      { ...OF_TENCH, verdict: 'accepted', isPending: false, day: null, count: 6 },
      { ...OF_TENCH, verdict: 'rejected', isPending: false, day: null, count: 4 },
    ],
  },
).totals;

/** A protocol of mode A with three classes of two photos. */
export function protocolOf(changes: Partial<Protocol> = {}): Protocol {
  const wnids = CLASSES.map(([wnid]) => wnid);
  return protocolSchema.parse({
    format: EXPORT_FORMAT,
    id: sha256Of('protocol'),
    winnow: '0.1.0',
    collection: {
      name: 'demo',
      sha256: sha256Of('collection'),
      decisionSha256: sha256Of('decision'),
      sources: ['inaturalist', 'folder'],
    },
    frozenAt: '2026-11-20T12:00:00.000Z',
    rule: { mode: 'A', threshold: 0.15, aggregation: 'max', members: 'any', cap: 15 },
    nearDuplicates: { distance: 6, cosine: null },
    models: ['efficientnet-lite0', 'efficientnet-lite1'].map((name) => ({
      name,
      sha256: sha256Of(name),
      bytes: 18_000_000,
      preprocessing: 'pillow-bilinear-1',
      executionProvider: 'cpu',
      licence: 'Apache-2.0',
      source: 'https://example.org/lite',
      size: 224,
      shorterSide: 256,
      mean: [127, 127, 127],
      std: [128, 128, 128],
    })),
    among: wnids,
    searched: wnids,
    folders: 'class',
    classes: CLASSES.map(([wnid, name], label) => ({ label, wnid, name, photos: 2 })),
    photos: 6,
    bytes: 6_000,
    stripped: 2,
    reencoded: 3,
    pictures: { jpg: 3, png: 3 },
    leftOut: [
      { reason: 'rejected', count: 4 },
      { reason: 'licence', count: 1 },
    ],
    licences: [
      { licence: 'CC-BY-4.0', url: 'https://creativecommons.org/licenses/by/4.0/', photos: 4 },
      { licence: 'Public-Domain', url: '', photos: 2 },
    ],
    restrictions: [],
    domains: [
      { host: '', photos: 2, signals: [] },
      { host: 'static.inaturalist.org', photos: 4, signals: [{ signal: 'X-Robots-Tag: noml', photos: 1 }] },
    ],
    dates: { taken: null, uploaded: null },
    sources: [
      { source: 'folder', photos: 2 },
      { source: 'inaturalist', photos: 4 },
    ],
    tags: [{ tag: 'busy-background', photos: 2 }],
    collected: { first: '2026-09-01', last: '2026-11-19' },
    review: {
      criteria: null,
      secondPass: 0.1,
      target: null,
      reviewers: 2,
      orders: [
        { order: 'confusions', verdicts: 9 },
        { order: 'import', verdicts: 1 },
      ],
      period: { first: '2026-11-19', last: '2026-11-20' },
      agreement: {
        photos: 3,
        percent: 66.666,
        cohenKappa: 0.5,
        cohenKappaLow: -0.1,
        cohenKappaHigh: 1,
        krippendorffAlpha: null,
        krippendorffAlphaLow: null,
        krippendorffAlphaHigh: null,
      },
    },
    funnel: FUNNEL,
    options: { formats: [], names: 'id', pixels: true, thumbnails: false, keepMetadata: false, licences: null },
    tombstones: [],
    choices: ['The photos of a class are sorted by their ids.'],
    card: {},
    files: {},
    ...changes,
  });
}

/** A protocol of mode O: six photos of two concepts, in folders for what one model takes them for. */
export function modeOProtocolOf(changes: Partial<Protocol> = {}): Protocol {
  const base = protocolOf();
  return protocolOf({
    rule: { mode: 'O', minConfidence: 0.9, cap: 15 },
    models: base.models.slice(0, 1),
    folders: 'predicted',
    ...changes,
  });
}

const CREATORS = ['Ana "A" Silva', '张伟', 'NA', 'unknown', '12345', "O'Neil, B."];

const KNOWN = {
  source: 'inaturalist',
  license: 'CC-BY-4.0',
  license_url: 'https://creativecommons.org/licenses/by/4.0/',
} as const;
const UNKNOWN = { source: 'folder', license: 'unknown', license_url: '' } as const;

/** The picture of one creator, of a colour of its own: a JPEG at even places, and a PNG that was written again at odd ones. */
async function picture(
  { classes, rule, tags, options }: Protocol,
  i: number,
): Promise<{ row: PhotoRow; bytes: Buffer }> {
  const creator = CREATORS[i] ?? '';
  const { wnid, name, label } = classes[i % classes.length] ?? { wnid: '', name: '', label: 0 };
  const size = { width: 40 + i, height: 30 };
  const image = sharp({ create: { ...size, channels: 3, background: { r: 40 * i, g: 90, b: 30 } } });
  const isOriginal = i % 2 === 0;
  const bytes = await (isOriginal ? image.jpeg() : image.png()).toBuffer();
  const id = `p${sha256Of(String(i)).slice(0, 16)}`;
  const nameOf = { id, 'imagenet-a': `0.00${i}_a clock _ b_0.9` };
  const rights = creator === 'unknown' ? UNKNOWN : KNOWN;
  const row: PhotoRow = {
    file_name: `${wnid}/${nameOf[options.names]}.${isOriginal ? 'jpg' : 'png'}`,
    id,
    label,
    wnid,
    class_name: name,
    sha256: sha256Of(bytes),
    original_sha256: isOriginal ? sha256Of(bytes) : sha256Of(`original ${i}`),
    source: rights.source,
    source_id: String(1000 + i),
    source_url: `https://example.org/${i}.jpg`,
    page_url: rights === KNOWN ? `https://example.org/photos/${i}` : '',
    creator,
    license: rights.license,
    license_url: rights.license_url,
    attribution: `"A, b" by ${creator}`,
    ...size,
    max_true_prob: rule.mode === 'A' ? i / 50 : null,
    predicted_wnid: 'n01440764',
    // 1 and 0.8: numbers with and without a fraction in one column.
    predicted_prob: 1 - i / 5,
    tags: i === 1 ? tags.map(({ tag }) => tag) : [],
    decided_by: 'single',
    ...(rule.mode === 'O' ? { searched_wnid: 'n99999999' } : {}),
  };
  return { row, bytes };
}

const csvLine = (cells: readonly string[]): string =>
  `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\n`;

/**
 * Writes an export by hand, for programs that load it: pictures, their lines, attribution.csv, LICENSES.md, README.md and
 * croissant.json. What the lines say of the models is made up. The protocol gets the real sizes.
 */
export async function writeExport(root: string, about: Protocol): Promise<Protocol> {
  await mkdir(root, { recursive: true });
  const folder = await OutputFolder.open(root, (made) => mkdir(made, { recursive: true }));
  const made = await Promise.all(CREATORS.map((_, i) => picture(about, i)));
  const photos = made.toSorted((a, b) => (a.row.file_name < b.row.file_name ? -1 : 1));
  const { pixels } = about.options;
  if (pixels) for (const { row, bytes } of photos) await folder.put(`test/${row.file_name}`, bytes);
  const bytes = pixels ? folder.bytes : 0;
  const written: WrittenFile[] = [];
  const put = async (name: string, content: string): Promise<void> =>
    void written.push(await folder.put(name, content));
  await put('test/metadata.jsonl', photos.map(({ row }) => `${JSON.stringify(row)}\n`).join(''));
  const heads = ['file_name', 'source', 'source_page_url', 'creator', 'license', 'license_url', 'sha256'];
  const cells = photos.map(({ row }) =>
    [row.file_name, row.source, row.page_url, row.creator, row.license, row.license_url, row.sha256].map(String),
  );
  await put('attribution.csv', [heads, ...cells].map(csvLine).join(''));
  await put('LICENSES.md', '# Licences\n');
  const protocol = { ...about, bytes };
  await put('croissant.json', croissantText(accountOf(protocol), written));
  await put('README.md', exportCard(accountOf(protocol), written));
  await folder.close();
  return protocol;
}

/** A file that must not become part of the set. */
export async function addStrayFile(root: string, name: string, content: string | Uint8Array): Promise<void> {
  await mkdir(path.dirname(path.join(root, name)), { recursive: true });
  await writeFile(path.join(root, name), content);
}
