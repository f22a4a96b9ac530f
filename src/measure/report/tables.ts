import { stringify } from 'csv-stringify/sync';
import type { ModelReport, Report } from './report.ts';

/** The tables of a report, each a file `csv/NAME.csv`. Every report has all of them; a table may have no rows. */
export const TABLE_NAMES = [
  'models',
  'per-class',
  'per-confusion',
  'comparisons',
  'control',
  'left-out',
  'by-creator',
  'reliability',
  'response-rate',
  'precision-recall',
  'roc',
  'confusion',
  'crops',
  'crop-sums',
  'funnel',
  'funnel-classes',
  'funnel-sources',
  'queries',
  'durations',
  'acceptance',
  'agreement',
  'human',
  'reviewers',
  'label-error',
  'tags',
  'licences',
  'sources',
  'gallery',
] as const;
export type TableName = (typeof TABLE_NAMES)[number];

export interface ReportTable {
  readonly name: TableName;
  /** Named as in `report.json`; a dot leads into an inner record, as in `ood.aupr`. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

type Cell = string | number | boolean | null;

export function reportTables(report: Report): ReportTable[] {
  const records: Readonly<Record<TableName, Records[number]>> = {
    ...modelRecords(report),
    ...fairnessRecords(report),
    ...setRecords(report),
    ...funnelRecords(report),
    ...reviewRecords(report),
  };
  return TABLE_NAMES.map((name) => tableOf(name, records[name]));
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

/** The columns that a table has even without rows; further ones come from the rows. */
type Records = readonly (readonly [columns: readonly string[], rows: readonly object[]])[];

function tableOf(name: TableName, [columns, rows]: Records[number]): ReportTable {
  const flat = rows.map((row) => flatten(row));
  const all = [...new Set([...columns, ...flat.flatMap((row) => [...row.keys()])])];
  return { name, columns: all, rows: flat.map((row) => all.map((column) => row.get(column) ?? null)) };
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

function modelRecords({ models, comparisons, control = [], crops }: Report) {
  return {
    models: [['model', 'isMember', 'photos', 'accuracy'], models.map(modelRecord)],
    'per-class': [
      ['model', 'wnid', 'photos', 'accuracy', 'accuracyLow', 'accuracyHigh', 'clean', 'drop'],
      ofEach(models, ({ perClass }) => perClass),
    ],
    'per-confusion': [
      ['model', 'wnid', 'predictedWnid', 'photos', 'accuracy', 'accuracyLow', 'accuracyHigh', 'drop'],
      ofEach(models, ({ perConfusion }) => perConfusion),
    ],
    comparisons: [['a', 'b', 'on', 'photos', 'difference', 'low', 'high', 'p', 'pHolm'], comparisons],
    control: [['model', 'photos', 'accuracy', 'low', 'high', 'difference', 'differenceLow', 'differenceHigh'], control],
    reliability: [['model', 'photos', 'confidence', 'accuracy'], ofEach(models, ({ curves }) => curves.reliability)],
    'response-rate': [['model', 'x', 'y'], ofEach(models, ({ curves }) => curves.responseRate)],
    'precision-recall': [['model', 'x', 'y'], ofEach(models, ({ curves }) => curves.precisionRecall ?? [])],
    roc: [['model', 'x', 'y'], ofEach(models, ({ curves }) => curves.roc ?? [])],
    crops: [
      ['model', 'crop', 'trueProb', 'closest'],
      crops.models.flatMap(({ model, crops: ten }) => ten.map((crop, i) => ({ model, crop: i, ...crop }))),
    ],
    'crop-sums': [
      ['model', 'isMember', 'photos', 'centreCorrect', 'anyCorrect', 'onlyOffCentre'],
      crops.models.map((model) => without(model, 'crops')),
    ],
  } as const satisfies Partial<Record<TableName, Records[number]>>;
}

function fairnessRecords({ fairness }: Report) {
  return {
    'left-out': [['member', 'kept', 'removed', 'gained', 'undecided'], fairness?.leftOut ?? []],
    'by-creator': [
      ['model', 'isMember', 'photos', 'accuracy', 'accuracyLow', 'accuracyHigh'],
      fairness?.byCreator?.models ?? [],
    ],
  } as const satisfies Partial<Record<TableName, Records[number]>>;
}

function modelRecord(model: ModelReport): object {
  const numbers = without(model, 'perClass', 'perConfusion', 'curves');
  const measured = model.ood === null ? without(numbers, 'ood') : numbers;
  return model.fitted === null ? without(measured, 'fitted') : measured;
}

function without(record: object, ...keys: string[]): object {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}

function ofEach(models: readonly ModelReport[], rowsOf: (model: ModelReport) => readonly object[]): object[] {
  return models.flatMap((model) => rowsOf(model).map((row) => ({ model: model.model, ...row })));
}

function setRecords({ confusion, classNames, gallery }: Report) {
  const named = (wnid: string) => classNames[wnid] ?? wnid;
  return {
    confusion: [
      ['wnid', 'class', 'predictedWnid', 'predictedClass', 'photos'],
      confusion.counts.map(({ wnid, predictedWnid, photos }) => ({
        wnid,
        class: named(wnid),
        predictedWnid,
        predictedClass: named(predictedWnid),
        photos,
      })),
    ],
    gallery: [
      ['sha256', 'wnid', 'predictedWnid', 'maxTrueProb', 'predictedProb', 'credit', 'licence', 'tags', 'model'],
      gallery.map((photo) => without(photo, 'searched', 'predicted')),
    ],
  } as const satisfies Partial<Record<TableName, Records[number]>>;
}

function funnelRecords({ funnel }: Report) {
  const { totals, classes, sources, yields, queries, durations } = funnel;
  const yieldOfClass = new Map(yields.classes.map((row) => [row.wnid, row.yield]));
  const yieldOfSource = new Map(yields.sources.map((row) => [row.source, row.yield]));
  return {
    funnel: [['found'], [{ ...totals, yield: yields.total.yield }]],
    'funnel-classes': [
      ['wnid', 'name', 'found'],
      classes.map((row) => ({ ...row, yield: row.wnid === null ? null : (yieldOfClass.get(row.wnid) ?? null) })),
    ],
    'funnel-sources': [
      ['source', 'found'],
      sources.map((row) => ({ ...row, yield: yieldOfSource.get(row.source) ?? null })),
    ],
    queries: [['source', 'wnid', 'class', 'kind', 'title', 'state', 'fetched', 'kept', 'yield'], queries],
    durations: [['stage', 'results', 'first', 'last'], durations],
  } as const satisfies Partial<Record<TableName, Records[number]>>;
}

const LABEL_ERROR_COLUMNS = [
  'question',
  'accepted',
  'sampled',
  'wrong',
  'unsettled',
  'pending',
  'labelError',
  'labelErrorLow',
  'labelErrorHigh',
  'state',
] as const;

function reviewRecords({ acceptance, agreement, human, reviewers = [], labelError, tags, licences, sources }: Report) {
  return {
    acceptance: [['by', 'key', 'accepted', 'rejected', 'share', 'low', 'high'], acceptance],
    agreement: [
      ['wnid', 'photos', 'percent', 'cohenKappa'],
      [{ wnid: null, ...agreement.overall }, ...agreement.classes.map(({ wnid, ...row }) => ({ wnid, ...row }))],
    ],
    human: [['reviewer', 'photos', 'right', 'accuracy', 'low', 'high'], human?.people ?? []],
    reviewers: [['reviewer', 'photos', 'hours'], reviewers],
    'label-error': [LABEL_ERROR_COLUMNS, [labelError]],
    tags: [['tag', 'photos'], tags],
    licences: [['licence', 'url', 'photos'], licences],
    sources: [['source', 'photos'], sources],
  } as const satisfies Partial<Record<TableName, Records[number]>>;
}
