import { readFileSync } from 'node:fs';
import path from 'node:path';
import { wilsonInterval } from '../../src/core/kernel/wilson.ts';
import type { ModelReport, Report } from '../../src/measure/report/report.ts';
import { repositoryRoot } from './winnow.ts';

/** Hostile text for names, credits and tags. */
export const HOSTILE = `</title></style></svg>"'><script>alert(1)</script>\u202e\u0000\u0007=1+1`;

/** Texts of other people in the stored reports, and the hostile text that replaces each. */
const OF_STRANGERS: Readonly<Record<string, string>> = {
  birds: HOSTILE,
  'house finch': HOSTILE,
  junco: HOSTILE + 'x'.repeat(2_000),
  'data/clean': HOSTILE,
  'CC-BY-4.0': HOSTILE,
  'https://creativecommons.org/publicdomain/zero/1.0/': HOSTILE,
  'unusual viewpoint': HOSTILE,
  'Ana Horvat': HOSTILE,
};

export interface MadeReport {
  readonly mode?: 'A' | 'O';
  /** 1, or a multiple of the ten of the stored report. Each class keeps its number of photos. */
  readonly classes?: number;
  /** How many photos the set and its models have; the counts of classes and confusions stay. */
  readonly photos?: number;
  readonly outsiders?: number;
  readonly hasClean?: boolean;
  /** Names and credits that try to break out. */
  readonly isHostile?: boolean;
}

/** A stored report with changes. Its numbers are like those of a demo, and its counts add up. Nothing of it was measured. */
export function madeReport(options: MadeReport = {}): Report {
  const { mode = 'A', classes = 10, photos, outsiders = 2, hasClean = true, isHostile = false } = options;
  const report = withClasses(
    stored(photos === 0 ? 'empty' : `mode-${mode.toLowerCase()}`, (key, value) => {
      if (isHostile && typeof value === 'string') return OF_STRANGERS[value] ?? value;
      return !hasClean && /^(clean|drop)(Low|High)?$/.test(key) ? null : value;
    }),
    classes,
  );
  const whole = photos ?? report.set.photos;
  return {
    ...report,
    set: { ...report.set, photos: whole },
    models: modelsOf(report, outsiders).map((model) => withPhotos(model, whole)),
    comparisons: outsiders < 2 ? [] : report.comparisons.filter(({ on }) => hasClean || on === 'set'),
    memberGap: hasClean ? report.memberGap : null,
  };
}

function stored(name: string, changed: (key: string, value: unknown) => unknown): Report {
  return JSON.parse(readFileSync(path.join(repositoryRoot, `test/fixtures/reports/${name}.json`), 'utf8'), changed);
}

function modelsOf({ models }: Report, outsiders: number): ModelReport[] {
  const [others, members] = [false, true].map((isMember) => models.filter((model) => model.isMember === isMember));
  const more = Array.from({ length: outsiders }, (_, i) => {
    const model = others?.[i % others.length];
    return model === undefined || i < (others?.length ?? 0) ? model : betterModel(model, i);
  });
  return [...more, ...(members ?? [])].filter((model) => model !== undefined);
}

/** A model whose curves are higher, so that no two lie over each other. */
function betterModel(model: ModelReport, by: number): ModelReport {
  const curves: ModelReport['curves'] = JSON.parse(JSON.stringify(model.curves), (key, value) =>
    key === 'y' || key === 'accuracy' ? value + (1 - value) * (by / 10) : value,
  );
  return { ...model, curves, model: `outsider-${by}` };
}

function withPhotos(model: ModelReport, photos: number): ModelReport {
  if (photos === model.photos || model.accuracy === null) return { ...model, photos };
  const interval = wilsonInterval(Math.round(model.accuracy * photos), photos);
  return { ...model, photos, accuracyLow: interval?.low ?? null, accuracyHigh: interval?.high ?? null };
}

/** The report with the lists of classes repeated for as many, or with those of its first class only. */
function withClasses(report: Report, classes: number): Report {
  if (classes === 10) return report;
  const times = Math.ceil(classes / 10);
  const wnidOf = (wnid: string, copy: number): string =>
    `n${String(Number(wnid.slice(1)) + 370 * copy).padStart(8, '0')}`;
  const copyOf = (item: object, copy: number): object =>
    Object.fromEntries(
      Object.entries(item).map(([key, value]) => [key, /wnid$/i.test(key) ? wnidOf(value, copy) : value]),
    );
  const [first = ''] = Object.keys(report.classNames);
  const isOfClasses = (list: readonly unknown[]): list is { wnid: string }[] =>
    list.some((item) => typeof item === 'object' && item !== null && 'wnid' in item);
  const widened: Report = JSON.parse(JSON.stringify(report), (key, value) => {
    if (key === 'gallery' || !Array.isArray(value) || !isOfClasses(value)) return value;
    if (classes === 1) return value.filter((item) => item.wnid === first && !('predictedWnid' in item));
    return Array.from({ length: times }, (_, copy) => value.map((item) => copyOf(item, copy))).flat();
  });
  const names = Object.entries(report.classNames);
  return {
    ...widened,
    classNames: Object.fromEntries(
      Array.from({ length: times }, (_, copy) => names.map(([wnid, name]) => [wnidOf(wnid, copy), name])).flat(),
    ),
    set: { ...widened.set, classes, photos: Math.round((report.set.photos * classes) / 10) },
  };
}
