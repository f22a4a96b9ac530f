import { stringify } from 'csv-stringify/sync';
import type { ModelReport, Report } from './report.ts';
import type { ReportedPhoto } from './reported-photo.repository.ts';

/** Names of columns with spaces between them, which the file has even without rows, and the records of its rows. */
type Declared = readonly [columns: string, recordsOf: (report: Report) => readonly object[]];

/** The tables of a report, each a file `csv/NAME.csv`. Further columns come from the records. */
const TABLES = {
  models: ['model isMember photos accuracy', ({ models }) => models.map(modelRecord)],
  'per-class': [
    'model wnid photos accuracy accuracyLow accuracyHigh clean drop',
    ({ models }) => ofEach(models, ({ perClass }) => perClass),
  ],
  'per-confusion': [
    'model wnid predictedWnid photos accuracy accuracyLow accuracyHigh drop',
    ({ models }) => ofEach(models, ({ perConfusion }) => perConfusion),
  ],
  comparisons: ['a b on photos difference low high p pHolm', ({ comparisons }) => comparisons],
  control: ['model photos accuracy low high difference differenceLow differenceHigh', ({ control = [] }) => control],
  crawl: ['model accuracy low high', ({ crawl }) => (crawl !== undefined && 'models' in crawl ? crawl.models : [])],
  'crawl-strata': [
    'name photos drawn valid',
    ({ crawl }) => (crawl !== undefined && 'strata' in crawl ? crawl.strata : []),
  ],
  'left-out': ['member kept removed gained undecided', ({ fairness }) => fairness?.leftOut ?? []],
  'by-creator': [
    'model isMember photos accuracy accuracyLow accuracyHigh',
    ({ fairness }) => fairness?.byCreator?.models ?? [],
  ],
  reliability: ['model photos confidence accuracy', curve('reliability')],
  'response-rate': ['model x y', curve('responseRate')],
  'precision-recall': ['model x y', curve('precisionRecall')],
  roc: ['model x y', curve('roc')],
  confusion: ['wnid class predictedWnid predictedClass photos', confusionRecords],
  crops: [
    'model crop trueProb closest',
    (report) => report.crops.models.flatMap(({ model, crops }) => crops.map((one, crop) => ({ model, crop, ...one }))),
  ],
  'crop-sums': [
    'model isMember photos centreCorrect anyCorrect onlyOffCentre',
    ({ crops }) => crops.models.map((model) => without(model, 'crops')),
  ],
  funnel: ['found', ({ funnel: { totals, yields } }) => [{ ...totals, yield: yields.total.yield }]],
  'funnel-classes': [
    'wnid name found',
    ({ funnel: { classes, yields } }) => withYields(classes, yields.classes, 'wnid'),
  ],
  'funnel-sources': [
    'source found',
    ({ funnel: { sources, yields } }) => withYields(sources, yields.sources, 'source'),
  ],
  queries: ['source wnid class kind title state fetched kept yield', ({ funnel }) => funnel.queries],
  durations: ['stage results first last', ({ funnel }) => funnel.durations],
  acceptance: ['by key accepted rejected share low high', ({ acceptance }) => acceptance],
  agreement: [
    'wnid photos percent cohenKappa',
    ({ agreement: { overall, classes } }) => [{ wnid: null, ...overall }, ...classes],
  ],
  human: ['reviewer photos right accuracy low high', ({ human }) => human?.people ?? []],
  reviewers: ['reviewer photos hours', ({ reviewers = [] }) => reviewers],
  'label-error': [
    'question accepted sampled wrong unsettled pending labelError labelErrorLow labelErrorHigh state',
    ({ labelError }) => [labelError],
  ],
  tags: ['tag photos', ({ tags }) => tags],
  licences: ['licence url photos', ({ licences }) => licences],
  sources: ['source photos', ({ sources }) => sources],
  gallery: [
    'sha256 wnid predictedWnid maxTrueProb predictedProb credit licence tags model',
    ({ gallery }) => gallery.map((photo) => without(photo, 'searched', 'predicted')),
  ],
} as const satisfies Record<string, Declared>;

export type TableName = keyof typeof TABLES;

export interface ReportTable {
  /** Named as in `report.json`; a dot leads into an inner record, as in `ood.aupr`. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

type Cell = string | number | boolean | null;

/** Every report has all tables; a table may have no rows. */
export function reportTables(report: Report): (ReportTable & { readonly name: string })[] {
  return Object.entries<Declared>(TABLES).map(([name, [columns, recordsOf]]) => {
    const rows = recordsOf(report).map((record) => flatten(record));
    const all = [...new Set([...columns.split(' '), ...rows.flatMap((row) => [...row.keys()])])];
    return { name, columns: all, rows: rows.map((row) => all.map((column) => row.get(column) ?? null)) };
  });
}

/**
 * RFC 4180 with line feeds. Null is an empty cell, numbers have the shortest digits that read back as the same double.
 * There is no protection against spreadsheet formulas, because an apostrophe in front would change ids and names.
 */
export function tableCsv({ columns, rows }: ReportTable): string {
  return stringify([[...columns], ...rows.map((row) => [...row])], {
    record_delimiter: '\n',
    cast: { boolean: (value) => String(value) },
  });
}

const PHOTO_COLUMNS = [
  'sha256',
  'wnid',
  'confusionWnid',
  'maxTrueProb',
  'confusionProb',
  'isListed',
  'verdict',
  'tags',
  'source',
  'licence',
  'creator',
] as const;

/** All kept photos, which are not part of the report. */
export function photosTable(photos: readonly ReportedPhoto[]): ReportTable {
  const rows = photos.map((photo) => {
    const cells = { ...photo, ...photo.rights, isListed: photo.rank !== null, tags: photo.tags.join(' ') };
    return PHOTO_COLUMNS.map((name) => cells[name]);
  });
  return { columns: PHOTO_COLUMNS, rows };
}

/** Inner records become columns with a dot, lists of words one cell with `|`. */
function flatten(record: object, prefix = ''): Map<string, Cell> {
  return new Map(
    Object.entries(record).flatMap(([key, value]: [string, unknown]): [string, Cell][] => {
      if (Array.isArray(value)) return [[prefix + key, value.join('|')]];
      if (typeof value === 'object' && value !== null) return [...flatten(value, `${prefix}${key}.`)];
      return [[prefix + key, isCell(value) ? value : null]];
    }),
  );
}

function isCell(value: unknown): value is Cell {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function without(record: object, ...keys: string[]): object {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}

/** A model without figures of detection, that is no head, or whose training photos are unknown, adds no columns of these. */
function modelRecord(model: ModelReport): object {
  const absent = (['ood', 'fitted', 'trainingData', 'uploadedLater'] as const).filter((key) => model[key] == null);
  return without(model, 'perClass', 'perConfusion', 'curves', ...absent);
}

function ofEach(models: readonly ModelReport[], rowsOf: (model: ModelReport) => readonly object[]): object[] {
  return models.flatMap((model) => rowsOf(model).map((row) => ({ model: model.model, ...row })));
}

function curve(name: keyof ModelReport['curves']): Declared[1] {
  return ({ models }) => ofEach(models, ({ curves }) => curves[name] ?? []);
}

function confusionRecords({ confusion, classNames }: Report): object[] {
  const named = (wnid: string) => classNames[wnid] ?? wnid;
  return confusion.counts.map(({ wnid, predictedWnid, photos }) => ({
    wnid,
    class: named(wnid),
    predictedWnid,
    predictedClass: named(predictedWnid),
    photos,
  }));
}

/** @param key what the yields are by */
function withYields<Key extends string>(
  rows: readonly { readonly [K in Key]: string | null }[],
  yields: readonly ({ readonly [K in Key]: string | null } & { readonly yield: number | null })[],
  key: Key,
): object[] {
  const yieldOf = new Map<unknown, number | null>(yields.map((one) => [one[key], one.yield]));
  return rows.map((row) => ({ ...row, yield: yieldOf.get(row[key]) ?? null }));
}
