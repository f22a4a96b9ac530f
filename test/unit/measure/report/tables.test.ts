import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { reportTables, tableCsv, type TableName } from '../../../../src/measure/report/tables.ts';
import type { Report } from '../../../../src/measure/report/report.ts';
import { HOSTILE, madeReport } from '../../../support/made-report.ts';

function rowsOf(report: Report, name: TableName): Record<string, string>[] {
  const table = reportTables(report).find((one) => one.name === name);
  return table === undefined ? [] : parse(tableCsv(table), { columns: true });
}

describe('reportTables', () => {
  it('gives every table, with a header, also if nothing was found', () => {
    const tables = reportTables(madeReport({ photos: 0, outsiders: 0, hasClean: false }));
    // The names of the files in csv/, which other programs read.
    expect(tables.map(({ name }) => name)).toEqual([
      'models',
      'per-class',
      'per-confusion',
      'comparisons',
      'control',
      'crawl',
      'crawl-strata',
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
    ]);
    expect(
      tables.every(({ columns, rows }) => columns.length > 1 && rows.every((row) => row.length === columns.length)),
    ).toBe(true);
  });

  it('names columns as report.json does, and gives all digits', () => {
    const report = madeReport();
    const [model] = report.models;
    const [row] = rowsOf(report, 'models');
    expect(row).toMatchObject({ model: 'efficientnet-lite2', isMember: 'false' });
    for (const name of ['accuracyLow', 'cleanHigh', 'drop', 'rmsCalibrationErrorUpstream', 'aurra', 'softF1'] as const)
      expect(Number(row?.[name])).toBe(model?.[name]);
  });

  it('gives accuracies by class and by confusion with intervals and drops', () => {
    const [model] = madeReport().models;
    for (const [name, [row]] of [
      ['per-class', model?.perClass ?? []],
      ['per-confusion', model?.perConfusion ?? []],
    ] as const) {
      const [written] = rowsOf(madeReport(), name);
      for (const column of ['accuracy', 'accuracyLow', 'accuracyHigh', 'drop'] as const)
        expect([name, Number(written?.[column])]).toEqual([name, row?.[column]]);
    }
  });

  it('gives the measures of detection of mode O their own columns', () => {
    const report = madeReport({ mode: 'O' });
    const [row] = rowsOf(report, 'models');
    expect(Number(row?.['ood.aupr'])).toBe(report.models[0]?.ood?.aupr);
    expect(Number(row?.['ood.fpr95FirstHigh'])).toBe(report.models[0]?.ood?.fpr95FirstHigh);
    expect(Number(row?.['ood.chance.aupr'])).toBe(report.models[0]?.ood?.chance.aupr);
    expect(row?.['accuracy']).toBe('');
  });

  it('has every cell of the confusion matrix, every bin and every point', () => {
    const report = madeReport({ classes: 30 });
    const photos = rowsOf(report, 'confusion').reduce((sum, row) => sum + Number(row['photos']), 0);
    expect(photos).toBe(3 * 412);
    expect(rowsOf(report, 'response-rate')).toHaveLength(
      report.models.reduce((sum, { curves }) => sum + curves.responseRate.length, 0),
    );
    expect(rowsOf(report, 'crops')).toHaveLength(10 * report.crops.models.length);
  });

  it('gives the funnel by class with counts that add up, and the yield', () => {
    const rows = rowsOf(madeReport(), 'funnel-classes');
    const [all] = rowsOf(madeReport(), 'funnel');
    const sum = (name: string): number => rows.reduce((total, row) => total + Number(row[name]), 0);
    for (const name of ['found', 'fetched', 'decided.kept', 'shortlisted', 'selected', 'dropped.licence-not-allowed'])
      expect([name, sum(name)]).toEqual([name, Number(all?.[name])]);
    expect(Number(rows[0]?.['yield'])).toBeCloseTo(Number(rows[0]?.['decided.kept']) / Number(rows[0]?.['fetched']), 4);
  });

  it('gives texts of strangers as they are', () => {
    const report = madeReport({ isHostile: true });
    expect(rowsOf(report, 'tags')[0]?.['tag']).toBe(HOSTILE);
    expect(rowsOf(report, 'gallery')[0]?.['credit']).toBe(HOSTILE);
    expect(rowsOf(report, 'confusion').map((row) => row['class'])).toContain(HOSTILE);
  });
});
