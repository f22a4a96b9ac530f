import { createHash } from 'node:crypto';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { toSha256, type Sha256 } from '../../src/kernel/ids.ts';
import type { Heatmap } from '../../src/review/desk/desk.ts';
import type { Agreement } from '../../src/review/agreement/agreement.ts';
import type { CurvePoint, OodMeasures } from '../../src/evaluate/evaluation.ts';
import type { CropReport, GalleryPhoto, ModelReport, Report } from '../../src/report/report.ts';
import { funnelOf, type FunnelCounts } from '../../src/status/funnel.ts';
import { yieldsOf } from '../../src/status/yields.ts';

/** Hostile text for names, credits and tags. */
export const HOSTILE = `</title></style></svg>"'><script>alert(1)</script>\u202e\u0000\u0007=1+1`;

const NAMES = [
  'house finch',
  'junco',
  'jay',
  'bulbul',
  'monarch',
  'bee',
  'dragonfly',
  'damselfly',
  'goldfinch',
  'sea anemone',
];

export interface MadeReport {
  readonly mode?: 'A' | 'O';
  readonly classes?: number;
  readonly photos?: number;
  /** Models that were no members. */
  readonly outsiders?: number;
  readonly hasClean?: boolean;
  /** Names and credits that try to break out. */
  readonly isHostile?: boolean;
  readonly gallery?: readonly Sha256[];
}

/**
 * A report with numbers as a run of the demo gives them, made from a fixed seed. Its counts add up. Nothing of it was
 * measured.
 */
export function madeReport(options: MadeReport = {}): Report {
  const { mode = 'A', classes = 10, photos = 412, isHostile = false } = options;
  const wnids = Array.from({ length: classes }, (_, i) => `n${String(1_000_000 + 37 * i).padStart(8, '0')}`);
  const names = wnids.map((wnid, i) => [wnid, isHostile && i < 2 ? HOSTILE + 'x'.repeat(2_000 * i) : nameAt(i)]);
  const about: About = {
    mode,
    wnids,
    photos,
    classNames: Object.fromEntries(names),
    text: (plain) => (isHostile ? HOSTILE : plain),
    random: randomOf(7),
  };
  const report = {
    ...headOf(about),
    funnel: funnelFor(about),
    ...modelPartsOf(about, options),
    ...setPartsOf(about),
    ...reviewPartsOf(about),
    gallery: (options.gallery ?? Array.from({ length: 6 }, (_, i) => made(`gallery ${i}`))).map((sha256, i) =>
      galleryPhoto(sha256, about, i),
    ),
  };
  return photos === 0 ? { ...report, ...EMPTY } : report;
}

/** Shared by all parts of a made report. */
interface About {
  readonly mode: 'A' | 'O';
  readonly wnids: readonly string[];
  readonly photos: number;
  readonly classNames: Readonly<Record<string, string>>;
  /** A text of a stranger. */
  readonly text: (plain: string) => string;
  readonly random: Random;
}

function nameAt(i: number): string {
  return (NAMES[i % NAMES.length] ?? '') + (i < NAMES.length ? '' : ` ${Math.floor(i / NAMES.length) + 1}`);
}

/** Overrides for a report before a photo was found. */
const EMPTY: Partial<Report> = {
  revision: null,
  state: { sha256: made('state'), decisions: 0, listed: 0, actions: 0 },
  models: [],
  comparisons: [],
  crops: { models: [] },
  agreement: { overall: agreementFor(0), classes: [] },
  pace: [],
  labelNoise: {
    question: 'Is this the class?',
    accepted: 0,
    photos: 0,
    wrong: 0,
    unsure: 0,
    share: null,
    low: null,
    high: null,
  },
  acceptance: [],
  licences: [],
  sources: [],
  tags: [],
  gallery: [],
};

function headOf({ mode, wnids, photos, classNames, text }: About) {
  return {
    format: 2,
    collection: text('birds'),
    mode,
    winnow: '0.1.0',
    revision: made('revision'),
    at: '2026-11-26T12:00:00.000Z',
    state: { sha256: made('state'), decisions: 8_930, listed: 655, actions: 1_310 },
    set: { which: 'accepted', photos, classes: wnids.length },
    among: mode === 'O' ? 1_000 : wnids.length,
    classNames,
    rule: RULES[mode],
    choices: [
      'Photos are turned as their EXIF data says, which torchvision does not do.',
      'Softmax is computed in double precision from float32 logits.',
    ],
    leftOut: [{ model: 'resnet50-structure', reason: 'its file has the structure of a network but no weights' }],
    inDistribution: mode === 'O' ? { folder: 'data/imagenet-val', photos: 2_000 } : null,
  } as const satisfies Partial<Report>;
}

function modelPartsOf(about: About, { outsiders = 2, hasClean = true }: MadeReport) {
  const { mode, wnids, photos, text, random } = about;
  const cleanPhotos = 50 * wnids.length;
  const outside = Array.from({ length: outsiders }, (_, i) => ({
    name: OUTSIDERS[i] ?? `outsider-${i}`,
    at: 0.123 + 0.06 * i,
  }));
  const modelOf = mode === 'A' ? modelOfA : modelOfO;
  const pair = { a: 'efficientnet-lite2', b: 'resnet50-v1-12' };
  const onSet = {
    ...pair,
    on: 'set',
    photos,
    difference: -0.061,
    low: -0.102,
    high: -0.019,
    p: 0.003,
    pHolm: 0.003,
  } as const;
  const onClean = {
    ...pair,
    on: 'clean',
    photos: cleanPhotos,
    difference: 0.012,
    low: -0.011,
    high: 0.034,
    p: 0.31,
    pHolm: 0.31,
  } as const;
  const models = [
    ...outside.map(({ name, at }) => modelOf(name, about, { at, isMember: false, random })),
    ...MEMBERS.slice(0, mode === 'O' ? 1 : 2).map((name) => modelOf(name, about, { at: 0, isMember: true, random })),
  ];
  const gap = { higher: 'efficientnet-lite1', lower: 'efficientnet-lite0', difference: 0.027, isLarge: true };
  const comparisons = outside.length < 2 || mode === 'O' ? [] : [onSet, onClean];
  if (!hasClean) {
    const unclean = models.map((model) => ({
      ...model,
      ...NO_CLEAN,
      perClass: model.perClass.map((row) => ({ ...row, clean: null, drop: null })),
      perConfusion: model.perConfusion.map((row) => ({ ...row, drop: null })),
    }));
    return { clean: null, models: unclean, comparisons: comparisons.slice(0, 1), memberGap: null };
  }
  return {
    clean: { folder: text('data/clean'), photos: cleanPhotos, classes: wnids.length },
    models,
    comparisons,
    memberGap: mode === 'O' ? null : gap,
  };
}

const NO_CLEAN = {
  clean: null,
  cleanLow: null,
  cleanHigh: null,
  cleanPhotos: 0,
  drop: null,
  dropLow: null,
  dropHigh: null,
} as const;

function setPartsOf({ mode, wnids, photos, text, random }: About) {
  const free = Math.min(100, photos / 4);
  return {
    confusion: confusionOf(wnids, photos, random),
    crops: mode === 'O' ? { models: [] } : cropsOf(photos, random),
    licences: [
      { licence: text('CC-BY-4.0'), url: 'https://creativecommons.org/licenses/by/4.0/', photos: photos - free },
      { licence: 'CC0-1.0', url: text('https://creativecommons.org/publicdomain/zero/1.0/'), photos: free },
    ],
    sources: [
      { source: 'inaturalist', photos: photos - 3 },
      { source: 'flickr', photos: 3 },
    ],
    tags: [
      { tag: text('unusual viewpoint'), photos: 91 },
      { tag: 'partly hidden', photos: 60 },
      { tag: 'small in the photo', photos: 44 },
      { tag: 'unusual background', photos: 12 },
    ],
  };
}

function reviewPartsOf({ wnids, random }: About) {
  const judged = 120;
  return {
    agreement: {
      overall: agreementFor(judged),
      classes: wnids.map((wnid) => ({ wnid, ...agreementFor(Math.floor(judged / wnids.length)) })),
    },
    pace: [
      { reviewer: 'reviewer-1', verdicts: 702, medianSeconds: 2.4 },
      { reviewer: 'reviewer-2', verdicts: 251, medianSeconds: 3.1 },
    ],
    labelNoise: {
      question: 'Is it this class, and this class only?',
      accepted: 10 * judged,
      photos: judged,
      wrong: 4,
      unsure: 2,
      share: 4 / judged,
      low: 0.013,
      high: 0.083,
    },
    acceptance: acceptanceOf(wnids, random),
  };
}

const OUTSIDERS = ['efficientnet-lite2', 'resnet50-v1-12', 'resnet101-v1-7', 'vit-small-16', 'convnext-tiny'];
const MEMBERS = ['efficientnet-lite0', 'efficientnet-lite1'];
const RULES = {
  A: [
    'A photo is dropped if any crop of any member gets the searched class right.',
    'A photo is dropped if any crop of any member gives the searched class a p over 0.15.',
  ],
  O: ['A photo is kept if the mean p over ten crops is at least 0.9 for one of 200 classes.'],
} as const;

function made(text: string): Sha256 {
  return toSha256(createHash('sha256').update(text).digest('hex'));
}

type Random = () => number;

function randomOf(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  return () => uniformInt(generator, 0, 999_999) / 1_000_000;
}

function wilson(share: number, photos: number): { low: number; high: number } {
  const z = 1.959963984540054;
  const middle = (share + z ** 2 / (2 * photos)) / (1 + z ** 2 / photos);
  const half = (z / (1 + z ** 2 / photos)) * Math.sqrt((share * (1 - share)) / photos + z ** 2 / (4 * photos ** 2));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

function estimateOf(accuracy: number, photos: number) {
  const { low, high } = wilson(accuracy, photos);
  return { photos, accuracy, accuracyLow: low, accuracyHigh: high };
}

interface ModelOptions {
  /** Its accuracy, 0..1. */
  readonly at: number;
  readonly isMember: boolean;
  readonly random: Random;
}

function modelOfA(name: string, { wnids, photos }: About, { at, isMember, random }: ModelOptions): ModelReport {
  const accuracy = Math.round(at * photos) / photos;
  const cleanPhotos = 50 * wnids.length;
  const clean = 0.874 - 0.02 * at;
  const [set, ofClean] = [wilson(accuracy, photos), wilson(clean, cleanPhotos)];
  const spread = isMember ? 0 : 0.35;
  return {
    model: name,
    photos,
    accuracy,
    accuracyLow: set.low,
    accuracyHigh: set.high,
    macroAccuracy: accuracy * 0.97,
    rmsCalibrationError: 0.534 - at,
    rmsCalibrationErrorLow: 0.511 - at,
    rmsCalibrationErrorHigh: 0.552 - at,
    rmsCalibrationErrorUpstream: 0.541 - at,
    aurra: at * 1.3,
    aurraLow: at * 1.2,
    aurraHigh: at * 1.4,
    softF1: 0.61 + at,
    softF1Low: 0.6 + at,
    softF1High: 0.62 + at,
    perClass: wnids.map((wnid) => {
      const inClass = Math.max(1, Math.round(photos / wnids.length));
      const row = estimateOf(Math.max(0, Math.min(1, at + spread * (random() - 0.4))), inClass);
      return { wnid, ...row, clean, drop: clean - row.accuracy };
    }),
    ood: null,
    isMember,
    sharesBackbone: false,
    fitted: null,
    clean,
    cleanLow: ofClean.low,
    cleanHigh: ofClean.high,
    cleanPhotos,
    drop: clean - accuracy,
    dropLow: clean - accuracy - 0.03,
    dropHigh: clean - accuracy + 0.03,
    perConfusion: wnids.slice(1).map((wnid, i) => {
      const row = estimateOf(at * random() * 2, 9 + i);
      return { wnid, predictedWnid: wnids[i] ?? '', ...row, drop: clean - row.accuracy };
    }),
    implied: isMember ? 'no crop of a kept photo is right, so the accuracy on the centre crop is 0 %' : null,
    curves: { ...curvesOfA(photos, at), precisionRecall: null, roc: null },
  };
}

function curvesOfA(photos: number, at: number) {
  return {
    reliability: [0.21, 0.38, 0.61, 0.9].map((confidence) => ({
      photos: Math.min(100, photos / 4),
      confidence: confidence + at / 9,
      accuracy: at * (0.5 + confidence),
    })),
    responseRate: alongX((x) => Math.min(1, at * (1.9 - 0.9 * x) + (Math.sin(70 * x) * at) / (200 * x + 8))).slice(1),
  };
}

/** 201 points from 0 to 1. */
function alongX(yOf: (x: number) => number): CurvePoint[] {
  return Array.from({ length: 201 }, (_, i) => ({ x: i / 200, y: yOf(i / 200) }));
}

function modelOfO(name: string, about: About, options: ModelOptions): ModelReport {
  const { at, isMember } = options;
  return {
    ...modelOfA(name, about, options),
    ...NO_CLEAN,
    accuracy: null,
    accuracyLow: null,
    accuracyHigh: null,
    macroAccuracy: null,
    rmsCalibrationError: null,
    rmsCalibrationErrorLow: null,
    rmsCalibrationErrorHigh: null,
    rmsCalibrationErrorUpstream: null,
    aurra: null,
    aurraLow: null,
    aurraHigh: null,
    softF1: null,
    softF1Low: null,
    softF1High: null,
    perClass: [],
    perConfusion: [],
    ood: oodOf(about.photos, at),
    implied: isMember ? 'the mean p over ten crops of each photo is at least 0.9' : null,
    curves: {
      reliability: [],
      responseRate: [],
      precisionRecall: alongX((x) => Math.max(0.06, (0.2 + at) * (1 - x ** 2) + 0.06)),
      roc: alongX((x) => x ** (1.2 - at * 3)),
    },
  };
}

function oodOf(photos: number, at: number): OodMeasures {
  return {
    positives: photos,
    negatives: 2_000,
    aupr: 0.171 + at,
    auprLow: 0.152 + at,
    auprHigh: 0.193 + at,
    auroc: 0.44 + at,
    aurocLow: 0.415 + at,
    aurocHigh: 0.466 + at,
    fpr95Nearest: 0.941 - at,
    fpr95NearestLow: 0.921 - at,
    fpr95NearestHigh: 0.957 - at,
    fpr95First: 0.944 - at,
    fpr95FirstLow: 0.925 - at,
    fpr95FirstHigh: 0.959 - at,
    chance: { aupr: photos / (photos + 2_000), auroc: 0.5, fpr95: 0.95 },
    polarity: 'positive: photos of the set; score: minus the largest softmax probability',
  };
}

function confusionOf(wnids: readonly string[], photos: number, random: Random): Report['confusion'] {
  const counts = new Map<string, number>();
  for (let i = 0; i < photos; i += 1) {
    const from = Math.floor(random() ** 1.5 * wnids.length);
    const step = 1 + Math.floor(random() ** 2 * (wnids.length - 1));
    const key = `${wnids[from]}|${wnids[(from + step) % wnids.length]}`;
    if (wnids.length > 1) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const cells = [...counts].map(([key, count]) => {
    const [wnid = '', predictedWnid = ''] = key.split('|');
    return { wnid, predictedWnid, photos: count };
  });
  const possible = wnids.length * (wnids.length - 1);
  const whole = cells.reduce((sum, cell) => sum + cell.photos, 0);
  return {
    cells: cells.length,
    possible,
    density: possible === 0 ? null : cells.length / possible,
    coverage: whole === 0 ? null : new Set(cells.map(({ wnid }) => wnid)).size / wnids.length,
    entropy:
      whole === 0
        ? null
        : -cells.reduce((sum, cell) => sum + (cell.photos / whole) * Math.log2(cell.photos / whole), 0),
    counts: cells,
    top: cells
      .toSorted((a, b) => b.photos - a.photos)
      .slice(0, 10)
      .map((cell, i) => ({ ...cell, examples: Array.from({ length: 4 }, (_, j) => made(`example ${4 * i + j}`)) })),
  };
}

function cropsOf(photos: number, random: Random): CropReport {
  return {
    models: ['efficientnet-lite2', ...MEMBERS].map((model) => {
      const shares = Array.from({ length: 10 }, (_, i) => (i % 5 === 4 ? 0.16 : 0.08) + 0.02 * random());
      return {
        model,
        isMember: MEMBERS.includes(model),
        photos,
        crops: shares.map((share) => ({ trueProb: 0.02 + share / 6, closest: Math.round(share * photos) })),
        centreCorrect: MEMBERS.includes(model) ? 0 : Math.round(0.123 * photos),
        anyCorrect: MEMBERS.includes(model) ? 0 : Math.round(0.241 * photos),
        onlyOffCentre: MEMBERS.includes(model) ? 0 : Math.round(0.118 * photos),
      };
    }),
  };
}

function agreementFor(photos: number): Agreement {
  const isKnown = photos > 0;
  return {
    photos,
    percent: isKnown ? 93.2 : null,
    cohenKappa: isKnown ? 0.82 : null,
    cohenKappaLow: isKnown ? 0.7 : null,
    cohenKappaHigh: isKnown ? 0.91 : null,
    krippendorffAlpha: isKnown ? 0.81 : null,
    krippendorffAlphaLow: isKnown ? 0.69 : null,
    krippendorffAlphaHigh: isKnown ? 0.9 : null,
  };
}

function acceptanceOf(wnids: readonly string[], random: Random): Report['acceptance'] {
  return [
    { by: 'source' as const, key: 'inaturalist', judged: 512, rate: 0.68 },
    { by: 'source' as const, key: 'flickr', judged: 141, rate: 0.43 },
    ...wnids.map((key) => ({ by: 'class' as const, key, judged: 60, rate: 0.3 + 0.6 * random() })),
    ...['0.00-0.05', '0.05-0.10', '0.10-0.15'].map((key, i) => ({
      by: 'score' as const,
      key,
      judged: 220 - 40 * i,
      rate: 0.52 + 0.09 * i,
    })),
  ].map(({ by, key, judged, rate }) => {
    const accepted = Math.round(judged * rate);
    const share = accepted / judged;
    return { by, key, accepted, rejected: judged - accepted, share, ...wilson(share, judged) };
  });
}

/** The bright part of a heatmap lies elsewhere for each class. */
function heatmap(seed: number): Heatmap {
  const [x0, y0] = [1.5 + (seed % 3) * 1.6, 1.2 + (seed % 4)];
  return {
    kind: 'class-activation',
    rows: 7,
    columns: 7,
    values: Array.from(
      { length: 49 },
      (_, i) => 4 * Math.exp(-(((i % 7) - x0) ** 2) / 2.5 - (Math.floor(i / 7) - y0) ** 2 / 2.5) - 0.3,
    ),
    bias: 0.01,
    logit: 3.1,
    box: { left: 0.171875, top: 0.0625, width: 0.65625, height: 0.875 },
  };
}

function galleryPhoto(sha256: Sha256, { wnids, mode, text, random }: About, i: number): GalleryPhoto {
  const hasHeat = i % 5 !== 4;
  return {
    sha256,
    wnid: wnids[i % wnids.length] ?? '',
    predictedWnid: wnids[(i + 1) % wnids.length] ?? '',
    maxTrueProb: mode === 'O' ? null : 0.15 * random(),
    predictedProb: 0.3 + 0.6 * random(),
    credit: text('Ana Horvat'),
    licence: 'CC-BY-4.0',
    tags: i % 3 === 0 ? ['unusual viewpoint', 'partly hidden'] : [],
    model: hasHeat ? 'efficientnet-lite2' : null,
    searched: hasHeat && mode === 'A' ? heatmap(i) : null,
    predicted: hasHeat ? heatmap(i + 5) : null,
  };
}

/** A funnel whose sums add up, and that ends in the photos of the set. */
function funnelFor({ mode, wnids, photos, classNames }: About): Report['funnel'] {
  const nameOf = (wnid: string): string => classNames[wnid] ?? '';
  const perClass = (wnid: string, i: number): FunnelCounts => {
    const accepted = Math.floor(photos / wnids.length) + (i < photos % wnids.length ? 1 : 0);
    const at = { wnid, source: i % 3 === 0 ? 'flickr' : 'inaturalist', queryId: null };
    const listed = Math.round(accepted * 1.6);
    const kept = listed * 3;
    const dropped = kept * 9;
    const reason = mode === 'O' ? 'not-confident' : 'correct';
    return {
      candidates: [
        { ...at, state: 'fetched', reason: null, count: kept + dropped + 5 },
        { ...at, state: 'dropped', reason: 'licence-not-allowed', count: 31 },
        { ...at, state: 'failed', reason: 'http-404', count: 4 },
      ],
      photos: [
        { ...at, state: 'kept', reason: null, listed: 'listed', isPruned: false, count: listed },
        { ...at, state: 'kept', reason: null, listed: 'cap', isPruned: false, count: kept - listed },
        { ...at, state: 'dropped', reason, listed: null, isPruned: false, count: dropped },
      ],
      verdicts: [
        { wnid, source: at.source, queryId: null, verdict: 'accepted', isPending: false, count: accepted },
        { wnid, source: at.source, queryId: null, verdict: 'rejected', isPending: false, count: listed - accepted },
      ],
    };
  };
  const all = photos === 0 ? [] : wnids.map(perClass);
  const funnel = funnelOf(
    { collection: 'birds', mode, classes: wnids.map((wnid) => ({ wnid, name: nameOf(wnid) })) },
    {
      candidates: all.flatMap(({ candidates }) => candidates),
      photos: all.flatMap((one) => one.photos),
      verdicts: all.flatMap(({ verdicts }) => verdicts),
    },
  );
  return {
    totals: funnel.totals,
    classes: funnel.classes,
    sources: funnel.sources,
    yields: yieldsOf(funnel),
    queries:
      photos === 0
        ? []
        : wnids.slice(0, 4).map((wnid, i) => ({
            source: 'inaturalist',
            wnid,
            class: nameOf(wnid),
            kind: 'search',
            title: `taxon ${nameOf(wnid)}`,
            state: 'done',
            total: 31_220 - 900 * i,
            seen: 2_000,
            admitted: 1_204,
            problems: [],
            notes: [],
            waiting: 0,
            dropped: 31,
            failed: 4,
            fetched: 1_169,
            kept: 131 - i,
            yield: (131 - i) / 1_169,
            goesOn: null,
          })),
    durations: (['discover', 'fetch', 'filter', 'review'] as const).map((stage, i) => ({
      stage,
      results: photos === 0 ? 0 : 9_000 - 2_000 * i,
      first: photos === 0 ? null : `2026-11-2${i + 1}T08:00:00.000Z`,
      last: photos === 0 ? null : `2026-11-2${i + 1}T1${i}:12:00.000Z`,
    })),
  };
}
