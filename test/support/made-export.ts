import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { acceptanceOf } from '../../src/core/review/acceptance/acceptance.ts';
import { parse } from 'csv-parse/sync';
import sharp from 'sharp';
import { startEngine } from '../../src/core/filter/engine/thread-pool.process.ts';
import { inputOf, preprocessingOf, specOf } from '../../src/core/models/engine/ensemble.process.ts';
import { wnidsOf, type ClassTable } from '../../src/core/collection/class-table.ts';
import { loadClassTable } from '../../src/core/collection/class-table.process.ts';
import { cardFor, classesOfCard } from '../../src/core/collection/cards/model-card.process.ts';
import { version } from '../../src/core/config/version.ts';
import { decideModeO } from '../../src/core/filter/rule/decide-mode-o.ts';
import { decide } from '../../src/core/filter/rule/decide.ts';
import { noEvidence, type PhotoEvidence } from '../../src/core/models/evidence/evidence.ts';
import { openAttribution } from '../../src/core/export/card/attribution-files.process.ts';
import { attributionText, changeOf, webHost } from '../../src/core/export/card/attribution.ts';
import { accountOf } from '../../src/core/export/card/account.ts';
import { exportCard } from '../../src/core/export/card/card.ts';
import { openCoco } from '../../src/core/export/forms/coco.process.ts';
import { croissantText } from '../../src/core/export/croissant/croissant.ts';
import { decisionLines, decisionsHeader } from '../../src/core/export/forms/decisions-csv.ts';
import { domainsCsv } from '../../src/core/export/card/domains-csv.ts';
import { licencesPage } from '../../src/core/export/card/licences-page.ts';
import { OutputFolder, type PhotoSink, type WrittenFile } from '../../src/core/export/output-folder.process.ts';
import { ParquetSink } from '../../src/core/export/forms/parquet.process.ts';
import type { PhotoFile, PhotoRow } from '../../src/core/export/select/photo-row.ts';
import { choicesOf, type Protocol } from '../../src/core/export/protocol.ts';
import { idOf, photoId } from '../../src/core/export/revisions/revision-id.ts';
import { openShards } from '../../src/core/export/forms/shards.process.ts';
import { openMetadata, openPixelHashes, thumbnailSink } from '../../src/core/export/forms/simple-forms.process.ts';
import type { Sha256 } from '../../src/core/kernel/ids.ts';
import type { PictureChange } from '../../src/core/kernel/picture-change.ts';
import { normaliseLicence } from '../../src/core/collection/licence.ts';
import { withoutMetadata } from '../../src/core/platform/image/strip.ts';
import { smallWebp } from '../../src/core/platform/image/thumbnail.ts';
import { protocolOf as sampleProtocol } from './exported.ts';
import { insertSegment } from './photo-metadata.ts';
import { sha256Of } from './sha256.ts';
import { repositoryRoot } from './winnow.ts';

const SAMPLES = path.join(repositoryRoot, 'test/fixtures/samples');

/** Bundled photos that the default rule of mode A keeps, in three classes. Two of them have one confusion. */
const KEPT_A = [
  'photos/n02980441/louvre-court.jpg',
  'photos/n02980441/snow-cafe.jpg',
  'photos/n03028079/santiago-cathedral.jpg',
  'photos/n11939491/red-flower.jpg',
  'photos/n11939491/white-balsam.jpg',
];
/** Bundled photos that efficientnet-lite0 is confident of. They stand for photos of other concepts. */
const KEPT_O = ['photos/n04435653/solar-roof.jpg', 'photos/n04597913/silver-spoons.jpg'];
/** It goes into the export as PNG. */
const AS_PNG = ['photos/n02980441/snow-cafe.jpg', 'photos/n04597913/silver-spoons.jpg'];
/** Its original has a comment, which the export removes. */
const WITH_COMMENT = 'photos/n03028079/santiago-cathedral.jpg';

interface MadeExport extends Omit<Protocol['options'], 'licences'> {
  readonly mode: 'A' | 'O';
  readonly aggregation: 'max' | 'mean';
  readonly members: 'any' | 'all';
  /** True if the first model of the protocol is not installed. */
  readonly hasUnknownModel: boolean;
  /** Of each photo; null: the one of the bundled photo. */
  readonly creator: string | null;
}

type Seen = Awaited<ReturnType<typeof evaluate>>;

const seen = new Map<'A' | 'O', Promise<Seen>>();

/**
 * Writes an export of bundled photos into an empty folder, as `winnow export` does, with the evidence that the bundled models give.
 * `winnow verify` accepts it. It stands in for a catalogue with reviewed photos, which takes minutes to make.
 */
export async function makeExport(root: string, changes: Partial<MadeExport> = {}): Promise<Protocol> {
  const made: MadeExport = {
    mode: 'A',
    aggregation: 'max',
    members: 'any',
    formats: [],
    thumbnails: false,
    pixels: true,
    names: 'id',
    keepMetadata: false,
    hasUnknownModel: false,
    creator: null,
    ...changes,
  };
  const known = seen.get(made.mode) ?? evaluate(made.mode);
  seen.set(made.mode, known);
  const photos = await photosOf(made, await known);
  await mkdir(root, { recursive: true });
  const output = await OutputFolder.open(root, (folder) => mkdir(folder, { recursive: true }));
  const tables = await writeTables(output, made, photos);
  const protocol = protocolOf(made, { seen: await known, photos, tables });
  await output.put('protocol.json', `${JSON.stringify(protocol, null, 2)}\n`);
  const account = accountOf(protocol);
  await output.put('LICENSES.md', licencesPage(account));
  await output.put('domains.csv', domainsCsv(account));
  await output.put('README.md', exportCard(account, tables));
  await output.put('croissant.json', croissantText(account, tables));
  if (!made.pixels) await output.put('fetch.py', 'print("a script")\n');
  await output.close();
  return protocol;
}

/** The members of the mode over the 1,000 classes, and their results for each photo. */
async function evaluate(mode: 'A' | 'O') {
  const table = await loadClassTable();
  const among = [...wnidsOf('imagenet-1k', table.rows)].toSorted();
  const names = mode === 'A' ? ['efficientnet-lite0', 'efficientnet-lite1'] : ['efficientnet-lite0'];
  const models = await Promise.all(names.map((name) => openModel(name, table)));
  const members = models.map(({ card, classes }) => ({
    ...specOf(card, classes),
    mask: among.map((wnid) => classes.positionOf({ wnid, name: wnid }) ?? -1),
  }));
  const policy = { threshold: 0.15, aggregation: 'max', members: 'any' } as const;
  const blobs = { kind: 'folder', folder: '' } as const;
  const engine = await startEngine({ members, policies: [policy], evaluate: 'all', cropsPerPass: 8, blobs }, 1);
  try {
    const files = mode === 'A' ? KEPT_A : KEPT_O;
    const evidence = await Promise.all(
      files.map(async (file) => {
        const bytes = await readFile(path.join(SAMPLES, file));
        const truths = [among.indexOf(wnidOf(file))];
        const [result] = await engine.evaluate([
          { sha256: sha256Of(bytes), truths, evidence: noEvidence(members.length), bytes },
        ]);
        return [file, result?.fresh ?? []] as const;
      }),
    );
    return {
      among,
      models: models.map(modelOf),
      evidence: new Map(evidence),
      nameOf: (wnid: string) => table.byWnid.get(wnid)?.name ?? wnid,
    };
  } finally {
    await engine.close();
  }
}

async function openModel(name: string, table: ClassTable) {
  const card = await cardFor(name);
  return { card, classes: await classesOfCard(card, table) };
}

function modelOf({ card, classes }: Awaited<ReturnType<typeof openModel>>): Protocol['models'][number] {
  const { name, sha256, bytes, licence, source } = card;
  return {
    name,
    sha256,
    bytes,
    preprocessing: preprocessingOf(card, classes),
    executionProvider: 'cpu',
    licence,
    source,
    ...inputOf(card),
  };
}

function wnidOf(file: string): string {
  return file.split('/')[1] ?? '';
}

function rightsIn(labels: readonly Record<string, string>[], file: string, made: MadeExport) {
  const { license = '', creator = '' } = labels.find((row) => row['file'] === file) ?? {};
  const licence = normaliseLicence(license);
  return { creator: made.creator ?? creator, license: licence.id, license_url: licence.url ?? '' };
}

async function photosOf(made: MadeExport, { among, evidence, nameOf }: Seen): Promise<PhotoFile[]> {
  const labels: Record<string, string>[] = parse(await readFile(path.join(SAMPLES, 'labels.csv')), { columns: true });
  const photos = await Promise.all(
    [...evidence].map(async ([file, cells]): Promise<PhotoFile> => {
      const { original, bytes, change } = await picturesOf(made, file);
      const { width, height } = await sharp(bytes).metadata();
      const searched = wnidOf(file);
      const decided = decidedOf(made, { cells, truth: among.indexOf(searched), among });
      const wnid = made.mode === 'A' ? searched : decided.predicted_wnid;
      const rights = rightsIn(labels, file, made);
      const isPng = change === 'reencoded';
      const hashes = { sha256: sha256Of(bytes), original_sha256: sha256Of(original) };
      const id = photoId(hashes.original_sha256);
      const name = made.names === 'id' ? id : `0.000116_digital clock _ ${id}_0.5`;
      const origin = { source: 'folder', source_id: `${file}@${id.slice(1)}`, source_url: '', page_url: '' };
      const row: PhotoRow = {
        file_name: `${wnid}/${name}.${isPng ? 'png' : 'jpg'}`,
        id,
        label: 0,
        wnid,
        class_name: nameOf(wnid),
        ...hashes,
        ...origin,
        ...rights,
        attribution: attributionText({ ...origin, ...rights, change, width, height }),
        width,
        height,
        original_width: width,
        original_height: height,
        origin: '',
        restrictions: [],
        usage_signals: isPng ? ['TDM-Reservation: 0'] : [],
        taken_at: '',
        uploaded_at: '',
        ...decided,
        tags: isPng ? ['small-object'] : [],
        decided_by: 'single',
        also_wnids: isPng && made.mode === 'A' ? [decided.predicted_wnid] : [],
        ...(made.mode === 'O' ? { searched_wnid: searched } : {}),
      };
      return { row, bytes };
    }),
  );
  const wnids = [...new Set(photos.map(({ row }) => row.wnid))].toSorted();
  return photos
    .map(({ row, bytes }) => ({ row: { ...row, label: wnids.indexOf(row.wnid) }, bytes }))
    .toSorted((a, b) => (`${a.row.wnid}/${a.row.id}` < `${b.row.wnid}/${b.row.id}` ? -1 : 1));
}

async function picturesOf({ keepMetadata }: MadeExport, file: string) {
  const sample = await readFile(path.join(SAMPLES, file));
  const original = file === WITH_COMMENT ? insertSegment(sample, 0xfe, Buffer.from('by Ada Private')) : sample;
  if (AS_PNG.includes(file))
    return { original, bytes: await sharp(original).png().toBuffer(), change: 'reencoded' as const };
  const bytes = (keepMetadata ? original : withoutMetadata(original)) ?? original;
  return { original, bytes, change: bytes === original ? ('unchanged' as const) : ('stripped' as const) };
}

function decidedOf(
  { mode, aggregation, members }: MadeExport,
  { cells, truth, among }: { readonly cells: PhotoEvidence; readonly truth: number; readonly among: readonly string[] },
): Pick<PhotoRow, 'max_true_prob' | 'predicted_wnid' | 'predicted_prob'> {
  if (mode === 'A') {
    const verdict = decide(cells, truth, { threshold: 0.15, aggregation, members });
    if (verdict.state !== 'kept') throw new Error('Expected a bundled photo that the rule keeps');
    return {
      max_true_prob: verdict.maxTrueProb,
      predicted_wnid: among[verdict.confusion] ?? '',
      predicted_prob: verdict.confusionProb,
    };
  }
  const verdict = decideModeO(cells, { mode, minConfidence: 0.9, predictable: among.map((_, i) => i) });
  if (verdict.state !== 'kept') throw new Error('Expected a bundled photo that the rule keeps');
  return { max_true_prob: null, predicted_wnid: among[verdict.predicted] ?? '', predicted_prob: verdict.score };
}

async function writeTables(
  output: OutputFolder,
  made: MadeExport,
  photos: readonly PhotoFile[],
): Promise<WrittenFile[]> {
  const decisions = await output.start('decisions.csv');
  await decisions.write(decisionsHeader());
  for (const { row } of photos) await decisions.write(decisionOf(row, null));
  const [first] = photos;
  if (first === undefined) throw new Error('Expected photos');
  await decisions.write(decisionOf({ ...first.row, original_sha256: sha256Of('rejected') }, 'rejected'));
  const written: WrittenFile[] = [await decisions.close()];
  // Photos are sorted by class.
  const classNames = [...new Map(photos.map(({ row }) => [row.label, row.class_name])).values()];
  const sinks: PhotoSink<PhotoFile>[] = [
    await openMetadata(output),
    await openAttribution(output, 'demo'),
    ...(made.pixels ? [] : [await openPixelHashes(output)]),
    ...(made.formats.includes('webdataset') ? [openShards(output, { maxBytes: 60_000 })] : []),
    ...(made.formats.includes('coco') ? [await openCoco(output, { collection: 'demo', frozenAt: FROZEN_AT })] : []),
    ...(made.formats.includes('parquet')
      ? [new ParquetSink(output, { classNames, hasSearchedWnid: made.mode === 'O', hasAlso: true })]
      : []),
    ...(made.thumbnails
      ? [thumbnailSink(output, ({ bytes }) => smallWebp(bytes, { maxSidePixels: 64, quality: 50 }))]
      : []),
  ];
  for (const photo of photos) {
    if (made.pixels) await output.put(`test/${photo.row.file_name}`, photo.bytes);
    for (const sink of sinks) await sink.add(photo);
  }
  for (const sink of sinks) written.push(...(await sink.finish()));
  return written;
}

const FROZEN_AT = '2026-11-20T12:00:00.000Z';

function decisionOf(row: PhotoRow, leftOut: 'rejected' | null): string {
  return decisionLines(
    [
      {
        sha256: row.original_sha256,
        wnid: row.searched_wnid ?? row.wnid,
        folder: row.wnid,
        rank: 1,
        confusionWnid: row.predicted_wnid,
        confusionProb: row.predicted_prob,
        maxTrueProb: row.max_true_prob,
        bytes: 1,
        state: leftOut ?? 'accepted',
        decidedBy: row.decided_by,
        alsoWnids: row.also_wnids ?? [],
        tags: row.tags,
        chance: 1,
        split: 'test',
        reviews: ['ann', 'bob'].map((reviewer, pass) => ({
          reviewer,
          verdict: leftOut === null ? ('accept' as const) : ('reject' as const),
          reason: leftOut === null ? null : ('other' as const),
          alsoWnids: row.also_wnids ?? [],
          tags: [...row.tags],
          blindVerdict: leftOut === null ? ('accept' as const) : ('reject' as const),
          pass: pass + 1,
          shownBy: 'confusions' as const,
          at: '2026-11-20T11:00:00.000Z',
        })),
        whyNot: null,
        alsoAcceptedAs: null,
        isImported: false,
        origin: null,
        restrictions: null,
        signals: null,
        originalWidth: null,
        originalHeight: null,
        takenAt: null,
        uploadedAt: null,
        leftOut,
        rights: null,
      },
    ],
    {
      classNameOf: () => row.class_name,
      letters: new Map([
        ['ann', 'A'],
        ['bob', 'B'],
      ]),
    },
  );
}

const PLAN = { maxLabelError: 0.05, confidence: 0.95 };

/** The second pass has looked at every exported photo, and has accepted it. */
const inspectionOf = (rows: readonly PhotoRow[]): Parameters<typeof acceptanceOf>[0] => ({
  photos: rows.length,
  pending: 0,
  inspected: rows.map(() => ({ isWrong: false, chance: 1 })),
});

function protocolOf(
  made: MadeExport,
  {
    seen: { among, models },
    photos,
    tables,
  }: { readonly seen: Seen; readonly photos: readonly PhotoFile[]; readonly tables: readonly WrittenFile[] },
): Protocol {
  const rows = photos.map(({ row }) => row);
  const countBy = <Key extends string>(keyOf: (row: PhotoRow) => Key): [Key, number][] => {
    const keys = [...new Set(rows.map(keyOf))].toSorted();
    return keys.map((key) => [key, rows.filter((row) => keyOf(row) === key).length]);
  };
  const { mode, aggregation, members, formats, names, pixels, thumbnails, keepMetadata } = made;
  const changed = (change: PictureChange): number =>
    pixels ? rows.filter((row) => changeOf(row) === change).length : 0;
  const hashOf = (file: string): Sha256 => tables.find((table) => table.path === file)?.sha256 ?? sha256Of('');
  const protocol = sampleProtocol({
    winnow: version,
    frozenAt: FROZEN_AT,
    rule:
      mode === 'A' ? { mode, threshold: 0.15, aggregation, members, cap: 15 } : { mode, minConfidence: 0.9, cap: 15 },
    models: models.map((model, i) =>
      made.hasUnknownModel && i === 0 ? { ...model, sha256: sha256Of('model') } : model,
    ),
    among: [...among],
    searched: [...among],
    folders: mode === 'A' ? 'class' : 'predicted',
    classes: countBy(({ wnid }) => wnid).map(([wnid, count], label) => ({
      label,
      wnid,
      name: rows.find((row) => row.wnid === wnid)?.class_name ?? '',
      photos: count,
    })),
    photos: rows.length,
    bytes: pixels ? photos.reduce((sum, { bytes }) => sum + bytes.length, 0) : 0,
    stripped: changed('stripped'),
    reencoded: changed('reencoded'),
    pictures: {
      jpg: pixels ? rows.filter((row) => !row.file_name.endsWith('.png')).length : 0,
      png: pixels ? rows.filter((row) => row.file_name.endsWith('.png')).length : 0,
    },
    leftOut: [{ reason: 'rejected', count: 1 }],
    review: {
      ...sampleProtocol().review,
      acceptance: acceptanceOf(inspectionOf(rows), PLAN),
      alsoPhotos: rows.filter(({ also_wnids }) => also_wnids?.length).length,
    },
    licences: countBy(({ license }) => license).map(([licence, count]) => ({
      licence,
      url: normaliseLicence(licence).url ?? '',
      photos: count,
    })),
    domains: countBy(({ source_url }) => webHost(source_url)).map(([host, count]) => {
      const said = rows.filter((row) => webHost(row.source_url) === host && row.usage_signals?.length).length;
      return { host, photos: count, signals: said === 0 ? [] : [{ signal: 'TDM-Reservation: 0', photos: said }] };
    }),
    sources: countBy(({ source }) => source).map(([source, count]) => ({
      source,
      photos: count,
      pages: 0,
      addresses: 0,
    })),
    tags: [{ tag: 'small-object', photos: rows.filter(({ tags }) => tags.length > 0).length }],
    options: { formats, names, pixels, thumbnails, keepMetadata, licences: null },
    choices: choicesOf(mode),
    files: Object.fromEntries(
      ['attribution.csv', 'decisions.csv', 'test/metadata.jsonl'].map((file) => [file, hashOf(file)]),
    ),
  });
  return { ...protocol, id: idOf(protocol) };
}
