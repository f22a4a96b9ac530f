import { version } from '../../config/version.ts';
import { UsageError, throwIfInterrupted } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { startRuleCheck, type RuleOptions } from '../select/rule-check.process.ts';
import { EXPORT_FORMAT, type Protocol } from '../protocol.ts';
import { checkAttribution, checkAttributionTexts } from './attribution.process.ts';
import { checkCard } from './card.process.ts';
import { checkChecksums, checkHash, checkListed } from './checksums.process.ts';
import { checkCoco } from './coco.process.ts';
import { RowIndex, rowsOfPhoto, type ExportContent } from './content.process.ts';
import { checkCroissant } from './croissant.process.ts';
import { checkDecisions } from './decisions.process.ts';
import { ExportFolder } from './export-folder.process.ts';
import { checking, Findings, type Verification } from './findings.ts';
import {
  CHECKSUMS,
  CONTROL_METADATA,
  METADATA,
  PROTOCOL,
  belongs,
  photoOf,
  requiredFiles,
  thumbnailId,
} from '../layout.ts';
import { checkClassFolders, checkControls, checkMetadata } from './metadata.process.ts';
import { checkOwnTexts } from './own-texts.process.ts';
import { checkParquet } from './parquet.process.ts';
import { checkPhotos } from './photos.process.ts';
import {
  MAX_JSON_BYTES,
  classProblems,
  humanProblems,
  idProblem,
  importProblems,
  listProblems,
  protocolOf,
} from './protocol-checks.ts';
import { checkShards } from './shards.process.ts';

export interface VerifyOptions extends Omit<RuleOptions, 'onProblem'> {
  /** Photos whose rule is recomputed; null: all. */
  readonly sample: number | null;
  readonly maxPixels: number;
  readonly onProgress: (progress: VerifyProgress) => void;
}

export interface VerifyProgress {
  readonly what: 'photos' | 'files';
  readonly done: number;
  readonly total: number;
}

/**
 * Checks an export against itself, with the files and the models of this machine: no catalogue, no data folder, no network.
 * Memory grows by about a kilobyte for each photo.
 * @throws UsageError `not-an-export` if the folder has no protocol.json; Interrupted
 */
export async function verifyFolder(root: string, options: VerifyOptions): Promise<Verification> {
  const findings = new Findings();
  const folder = await ExportFolder.open(root, findings, options.signal);
  if (!folder.files.has(PROTOCOL))
    throw new UsageError(
      `There is no ${PROTOCOL} in '${root}', so it is no export of winnow. Give the folder that \`winnow export --out\` made`,
      { code: 'not-an-export' },
    );
  const checksums = await checkChecksums({ folder, findings });
  checkListed({ folder, findings }, checksums);
  const protocol = await readProtocol({ folder, findings });
  const rows = new RowIndex(folder);
  const controls = new RowIndex(folder, CONTROL_METADATA);
  if (protocol === null) {
    await checkOtherHashes({ folder, findings, checksums }, () => false, options);
    findings.skip('metadata', `${PROTOCOL} cannot be used, so only checksums were compared`);
    return findings.result(0);
  }
  await checkContent({ folder, findings, protocol, checksums, rows, controls, signal: options.signal }, options);
  return findings.result(rows.count);
}

type Files = Pick<ExportContent, 'folder' | 'findings'>;

async function readProtocol({ folder, findings }: Files): Promise<Protocol | null> {
  let protocol: Protocol | string = '';
  await checking({ findings }, { check: 'metadata', file: PROTOCOL }, async () => {
    protocol = protocolOf(await folder.readText(PROTOCOL, MAX_JSON_BYTES));
    if (typeof protocol === 'string') findings.breach('metadata', PROTOCOL, protocol);
  });
  return typeof protocol === 'string' ? null : protocol;
}

async function checkContent(content: ExportContent, options: VerifyOptions): Promise<void> {
  const { findings, protocol } = content;
  checkProtocol(content);
  await checkMetadata(content);
  await checkControls(content);
  checkClassFolders(content);
  checkLayout(content);
  if (protocol.options.pixels) await checkPictures(content, options);
  else findings.skip('rule', 'the export was made with --no-pixels, so it has no pictures');
  await checkOtherHashes(content, (path) => rowsOfPhoto(content, path).position !== undefined, options);
  const isOwn = protocol.format === EXPORT_FORMAT && protocol.winnow === version;
  await checkAttribution(content, isOwn);
  await checkDecisions(content, isOwn);
  await checkCard(content);
  await checkCroissant(content);
  if (isOwn) {
    await checkAttributionTexts(content);
    await checkOwnTexts(content);
  } else {
    findings.skip(
      'card',
      `winnow ${protocol.winnow} wrote the texts in format ${protocol.format}. This version, ${version} with format ${EXPORT_FORMAT}, cannot write them again, so only their values and checksums were compared`,
    );
  }
  const forms = { webdataset: checkShards, coco: checkCoco, parquet: checkParquet };
  for (const format of protocol.options.formats) await forms[format](content);
}

function checkProtocol({ findings, protocol, checksums }: ExportContent): void {
  findings.breaches('checksum', PROTOCOL, [idProblem(protocol)]);
  findings.breaches('class-order', PROTOCOL, classProblems(protocol));
  findings.breaches('metadata', PROTOCOL, listProblems(protocol));
  findings.breaches('count', PROTOCOL, [...humanProblems(protocol), ...importProblems(protocol)]);
  for (const [file, sha256] of Object.entries(protocol.files)) {
    const listed = checksums.get(file);
    findings.breaches('checksum', file, [
      listed !== sha256 && `Expected the SHA-256 ${sha256} of ${PROTOCOL} but ${CHECKSUMS} has ${listed ?? 'none'}`,
    ]);
  }
}

function checkLayout({ folder, findings, protocol, rows, controls }: ExportContent): void {
  const { options } = protocol;
  for (const file of [CHECKSUMS, ...requiredFiles(protocol)])
    if (!folder.files.has(file))
      findings.breach('missing-file', file, 'Expected this file in every export of this kind but there is none');
  let thumbnails = 0;
  const isThumbnail = (file: string): boolean =>
    options.thumbnails && rows.positionOfId(thumbnailId(file) ?? '') !== undefined;
  const isPhoto = (file: string): boolean =>
    options.pixels && rowsOfPhoto({ rows, controls }, file).position !== undefined;
  for (const file of folder.files) {
    if (isThumbnail(file)) thumbnails += 1;
    else if (file !== CHECKSUMS && !isPhoto(file) && !belongs(file, protocol))
      findings.breach('stray-file', file, `Expected only files of this export but ${whyStray(file)}`);
  }
  findings.breaches('missing-file', 'thumbnails', [
    options.thumbnails &&
      thumbnails !== rows.count &&
      `Expected a thumbnail of each of ${rows.count} photos but there are ${thumbnails}`,
  ]);
}

function whyStray(file: string): string {
  const photo = photoOf(file);
  return photo === null
    ? `${PROTOCOL} knows of none such`
    : `${photo.split === 'control' ? CONTROL_METADATA : METADATA} has no row for this one`;
}

async function checkPictures(content: ExportContent, options: VerifyOptions): Promise<void> {
  const { sample, onProgress } = options;
  const { findings, rows, protocol } = content;
  const onProblem = (path: string, detail: string): void => findings.breach('rule', path, detail);
  const rule = sample === 0 ? NO_RULE : await startRuleCheck(protocol, { ...options, onProblem });
  const isSampled = sample === null ? null : await sampled(content, sample);
  const total = rows.count;
  const controls = content.controls.count;
  if ('reason' in rule) findings.skip(rule.check, rule.reason);
  else findings.begin('rule');
  try {
    const common: Pick<Parameters<typeof checkPhotos>[1], 'maxPixels' | 'take'> = {
      maxPixels: options.maxPixels,
      take: async (row, bytes) => {
        if (!('reason' in rule) && (isSampled === null || isSampled.has(row.sha256))) await rule.add(row, bytes);
      },
    };
    for (const [split, before] of [['test', 0] as const, ['control', total] as const])
      await checkPhotos(content, {
        ...common,
        split,
        onProgress: (done) => onProgress({ what: 'photos', done: before + done, total: total + controls }),
      });
    if ('reason' in rule) return;
    await rule.finish();
    if (isSampled !== null && isSampled.size < total)
      findings.skip('rule', `--sample ${sample}: recomputed for ${rule.photos()} of ${total} photos`);
  } finally {
    if (!('reason' in rule)) await rule.close();
  }
}

const NO_RULE = { check: 'rule', reason: '--sample 0: recomputed for no photo' } as const;

async function checkOtherHashes(
  content: Pick<ExportContent, 'folder' | 'findings' | 'checksums'>,
  isPhoto: (path: string) => boolean,
  { signal, onProgress }: VerifyOptions,
): Promise<void> {
  const { folder, findings, checksums } = content;
  const others = [...checksums.keys()].filter((path) => folder.files.has(path) && !isPhoto(path));
  for (const [i, path] of others.entries()) {
    throwIfInterrupted(signal);
    await checking({ findings }, { check: 'checksum', file: path }, async () =>
      checkHash(findings, checksums, { path, sha256: await folder.hashOf(path) }),
    );
    onProgress({ what: 'files', done: i + 1, total: others.length });
  }
}

/** The photos with the lowest hashes, which have nothing to do with classes or order. Each run chooses the same. */
async function sampled({ rows, signal }: ExportContent, count: number): Promise<ReadonlySet<Sha256>> {
  let lowest: Sha256[] = [];
  for await (const { row } of rows.all(signal)) {
    lowest.push(row.sha256);
    if (lowest.length > 2 * count) lowest = lowest.toSorted().slice(0, count);
  }
  return new Set(lowest.toSorted().slice(0, count));
}
