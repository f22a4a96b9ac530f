import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { loadClassTable } from '../../src/collection/class-table.process.ts';
import { cardFor, classesOfCard } from '../../src/collection/model-card.process.ts';
import { runPeer, type PeerJob, type PeerMember, type PeerRun, type Peers, type PeerWay } from './filter-peers.ts';
import type { Labelling, PhotoSet } from './filter-photos.ts';
import { measurePeer, measureWinnow, type Measured } from './filter-summary.ts';
import { RESNET_TWIN, runFilter, takeIn, writeCollection, type FilterRun, type Project } from './winnow-filter.ts';

export interface FilterBenchOptions {
  /** Photos that exit early, and photos of the crawl-like mix. */
  readonly photos: number;
  /** Photos that need all crops: twenty times the work. */
  readonly hardPhotos: number;
  /** Photos for the ResNet-50 pair. 0: none. */
  readonly resnetPhotos: number;
  readonly rounds: number;
  /** A folder of folders named for classes, with photos in addition to the samples. */
  readonly more?: string | undefined;
  readonly classes: 'imagenet-a' | 'imagenet-1k';
  readonly peers: boolean;
  /** Whether PyTorch runs as well, if peers run. */
  readonly torch: boolean;
  /** Numbers of photos for the growth. */
  readonly growth: readonly number[];
  /** `--set` of the runs. */
  readonly settings: Readonly<Record<string, string>>;
  readonly out: string;
  readonly workFolder: string;
  readonly signal: AbortSignal;
}

/** Decisions as text, by labelling and SHA-256 of the photo. */
type Decisions = ReadonlyMap<string, ReadonlyMap<string, string>>;

export interface Run {
  readonly measured: Measured;
  readonly decisions: Decisions;
  readonly remark?: string;
}

/** One way to decide some photos. */
export interface Contender {
  readonly name: string;
  readonly isPeer: boolean;
  readonly ensemble: 'lite' | 'resnet';
  /** For winnow: the labelling of its photos. */
  readonly labelling: Labelling;
  /** For a peer: all crops without labels, or an early exit under these labels. */
  readonly does: 'all' | Labelling;
  run(): Promise<Run>;
}

export interface Bench {
  readonly options: FilterBenchOptions;
  readonly project: Project;
  readonly set: PhotoSet;
  readonly wnids: readonly string[];
  readonly decodeMs: number;
  readonly peers: Peers | null;
}

/** PyTorch takes so much longer that it gets fewer photos, which give the same result. */
const TORCH_PHOTOS = 16;
const TORCH_RESNET_PHOTOS = 4;
const THRESHOLD = 0.15;
const ENSEMBLES = {
  lite: ['efficientnet-lite0', 'efficientnet-lite1'],
  resnet: ['resnet50-structure', RESNET_TWIN],
} as const;

export async function contendersOf(bench: Bench): Promise<Contender[]> {
  const { photos, hardPhotos, resnetPhotos } = bench.options;
  const lite = (name: string, labelling: Labelling, changes: { photos: number; all?: boolean }): Promise<Contender> =>
    winnow(bench, { name, labelling, ensemble: 'lite', ...changes });
  const own = [
    await lite('winnow, mostly exits early (true labels)', 'true', { photos }),
    await lite('winnow, crawl-like mix', 'crawl-like', { photos }),
    await lite('winnow, nothing exits early', 'hard', { photos: hardPhotos }),
    await lite('winnow, all crops forced', 'true', { photos: hardPhotos, all: true }),
  ];
  const pair = 'resnet' as const;
  const resnet =
    resnetPhotos === 0
      ? []
      : [
          await winnow(bench, {
            name: 'winnow, ResNet-50 pair',
            labelling: 'hard',
            ensemble: pair,
            photos: resnetPhotos,
          }),
        ];
  return [...own, ...resnet, ...(bench.peers === null ? [] : await peerContenders(bench, bench.peers))];
}

async function peerContenders(bench: Bench, peers: Peers): Promise<Contender[]> {
  const { photos, hardPhotos, resnetPhotos } = bench.options;
  const [lite, resnet] = ['lite', 'resnet'] as const;
  const ort = 'Python ONNX Runtime';
  const cases: readonly PeerCase[] = [
    { name: `${ort}, all crops`, way: 'ort-all', ensemble: lite, photos: hardPhotos },
    { name: `${ort}, early exit, true labels`, way: 'ort-early', ensemble: lite, photos, only: 'true' },
    { name: `${ort}, early exit, mix`, way: 'ort-early', ensemble: lite, photos, only: 'crawl-like' },
    { name: 'PyTorch, all crops', way: 'torch', ensemble: lite, photos: Math.min(hardPhotos, TORCH_PHOTOS) },
    { name: `${ort}, ResNet-50 pair`, way: 'ort-all', ensemble: resnet, photos: resnetPhotos },
    {
      name: 'PyTorch, ResNet-50 pair',
      way: 'torch',
      ensemble: resnet,
      photos: Math.min(resnetPhotos, TORCH_RESNET_PHOTOS),
    },
  ];
  const possible = cases.filter((each) => each.photos > 0 && (each.way !== 'torch' || peers.withoutTorch === null));
  return Promise.all(possible.map((each) => peer(bench, each)));
}

interface WinnowCase {
  readonly name: string;
  readonly labelling: Labelling;
  readonly ensemble: keyof typeof ENSEMBLES;
  readonly photos: number;
  readonly all?: boolean;
}

async function winnow(bench: Bench, wanted: WinnowCase): Promise<Contender> {
  const { options, project, set, decodeMs } = bench;
  const { name, labelling, ensemble, photos, all = false } = wanted;
  const collection = await writeCollection(project, {
    name: `bench-${ensemble}`,
    classes: options.classes,
    ensemble: ENSEMBLES[ensemble],
  });
  const template = await takeIn(project, `${ensemble}-${labelling}-${photos}`, {
    collection,
    files: set.files.slice(0, photos),
    wnids: set.labels[labelling].slice(0, photos),
  });
  const settings = { ...options.settings, ...(all ? { 'filter.evaluate': 'all' } : {}) };
  return {
    name,
    isPeer: false,
    ensemble,
    labelling,
    does: labelling,
    run: async () => {
      const run = await runFilter(project, { collection, data: template, settings });
      return {
        measured: measureWinnow(run, decodeMs),
        decisions: new Map([[labelling, wordsOf(run, ensemble)]]),
      };
    },
  };
}

/**
 * The text of a decision. A model that has learnt nothing finds all photos alike, so its confusion is random and is left
 * out.
 */
function wordsOf({ decisions }: FilterRun, ensemble: keyof typeof ENSEMBLES): Map<string, string> {
  return new Map(
    [...decisions].map(([sha256, { state, confusion }]) => [
      sha256,
      words(state, ensemble === 'lite' ? confusion : null),
    ]),
  );
}

function words(state: string, confusion: string | null): string {
  return confusion === null ? state : `${state} as ${confusion}`;
}

interface PeerCase {
  readonly name: string;
  readonly way: PeerWay;
  readonly ensemble: keyof typeof ENSEMBLES;
  readonly photos: number;
  readonly only?: Labelling;
}

async function peer(bench: Bench, wanted: PeerCase): Promise<Contender> {
  const { project, set, wnids, peers } = bench;
  const { name, way, ensemble, photos, only } = wanted;
  const files = set.files.slice(0, photos);
  const labellings: readonly Labelling[] = only === undefined ? ['true', 'crawl-like', 'hard'] : [only];
  const job: PeerJob = {
    photos: files,
    truths: Object.fromEntries(
      labellings.map((each) => [each, set.labels[each].slice(0, photos).map((wnid) => wnids.indexOf(wnid))]),
    ),
    threshold: THRESHOLD,
    ...(await modelsOf(ensemble, wnids)),
  };
  const hashes = await Promise.all(
    files.map(async (file) =>
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
    ),
  );
  let settings: readonly unknown[] | null = null;
  return {
    name,
    isPeer: true,
    ensemble,
    labelling: only ?? 'true',
    does: only ?? 'all',
    run: async () => {
      const at = { python: peers?.python ?? 'python3', folder: project.folder, signal: project.signal };
      const run = await runPeer(way, settings === null ? job : { ...job, settings }, at);
      // The setting that was best in the first round is used in the others.
      if (run.setting !== null) settings = [run.setting];
      const decisions = new Map(
        labellings.map((each) => [each, peerWords(run, { hashes, wnids, labelling: each, ensemble })]),
      );
      return { measured: measurePeer(run), decisions, remark: run.layout };
    },
  };
}

function peerWords(
  run: PeerRun,
  of: { hashes: readonly string[]; wnids: readonly string[]; labelling: Labelling; ensemble: keyof typeof ENSEMBLES },
): Map<string, string> {
  return new Map(
    run.decisions.map((byLabelling, i) => {
      const [state, confusion] = byLabelling[of.labelling] ?? ['missing', null];
      const wnid = confusion === null || of.ensemble === 'resnet' ? null : (of.wnids[confusion] ?? null);
      return [of.hashes[i] ?? '', words(state, wnid)];
    }),
  );
}

async function modelsOf(
  ensemble: keyof typeof ENSEMBLES,
  wnids: readonly string[],
): Promise<{ members: PeerMember[]; mask: number[] }> {
  // The twin of the ResNet is a copy. Only the project's folder has its card.
  const names = ENSEMBLES[ensemble].map((name) => (name === RESNET_TWIN ? 'resnet50-structure' : name));
  const cards = await Promise.all(names.map((name) => cardFor(name)));
  const [first] = cards;
  if (first === undefined) throw new RangeError('Expected a member');
  const classes = await classesOfCard(first, await loadClassTable());
  return {
    mask: wnids.map((wnid) => classes.positionOf({ wnid, name: wnid }) ?? -1),
    members: cards.map(({ path: file, input, outputs, resize, normalise }) => ({
      file,
      input: input.name,
      output: outputs.logits,
      size: input.size,
      shorterSide: resize.shorterSide,
      mean: normalise.mean,
      std: normalise.std,
    })),
  };
}
