/** @jsxRuntime automatic @jsxImportSource preact */
import { estimateOf } from '../../charts/estimate.ts';
import type { CurvePoint } from '../../evaluate/evaluation.ts';
import type { ModelReport, Report } from '../report.ts';
import { Curves, type Series } from '../../charts/curves.tsx';
import { Histograms } from '../../charts/histograms.tsx';
import { Estimates, type EstimateRow } from '../../charts/rows.tsx';
import { countOf, countText, listText } from '../../../core/kernel/texts.ts';
import type { ReportFigure } from './context.ts';
import { MOST_CURVES, markedModels, peopleOf, type MarkedModel } from './models.ts';
import { BY_RULE, percentText, pointsText, someText } from './texts.ts';
import { REPORT_TEXTS } from './modes.ts';

export function modelFigures(report: Report): ReportFigure[] {
  return [
    transfer(report),
    comparisons(report),
    classAccuracy(report),
    curveFigure(report, RELIABILITY),
    curveFigure(report, RESPONSE_RATE),
    precisionRecall(report),
    curveFigure(report, ROC),
  ].filter((figure) => figure !== null);
}

const nameOf = ({ model, isMember }: Pick<ModelReport, 'model' | 'isMember'>): string =>
  isMember ? `${model}, member` : model;
const label = ({ letter, model }: MarkedModel): string => `${letter}  ${nameOf(model)}`;

function transfer(report: Report): ReportFigure | null {
  const marked = markedModels(report).filter(({ model }) => model.accuracy !== null || model.clean !== null);
  const people = peopleOf(report).map(({ name, accuracy, ...ends }): EstimateRow => {
    return { label: name, numbers: percentText(accuracy), main: { ...ends, value: accuracy }, colour: 'm6' };
  });
  if (marked.length + people.length === 0) return null;
  const hasMembers = REPORT_TEXTS[report.mode].rulesMembers && marked.some(({ model }) => model.isMember);
  const hasClean = marked.some(({ model }) => model.clean !== null);
  const rows = marked.map((one): EstimateRow => {
    const { model, colour } = one;
    const onSet = model.accuracyByRule === true ? BY_RULE : percentText(model.accuracy);
    const numbers = onSet + (hasClean ? `, clean ${percentText(model.clean)}` : '');
    const other = estimateOf(model, 'clean');
    return { label: label(one), numbers, main: estimateOf(model, 'accuracy'), other, colour };
  });
  const told = marked.map(({ model }) => {
    const drop = model.drop === null ? '' : `, ${(100 * model.drop).toFixed(1)} points below the clean photos`;
    return `${model.model} is right on ${percentText(model.accuracy)} of the set${drop}`;
  });
  return {
    name: 'transfer',
    title: hasClean ? 'Accuracy on the set and on clean photos' : 'Accuracy on the set',
    text: `${told.slice(0, MOST_CURVES).join('; ')}.`,
    note: `The bands are Wilson 95 % intervals.${hasMembers ? ' The rule implies the accuracy of members.' : ''}`,
    table: 'models',
    draw: (frame) => (
      <Estimates
        frame={frame}
        rows={[...rows, ...people]}
        axis="accuracy, % of photos"
        {...(hasClean ? { key: { main: 'this set', other: 'clean photos' } } : {})}
      />
    ),
  };
}

const LEVEL = 0.05;

function comparisons({ comparisons: all }: Report): ReportFigure | null {
  const ofSet = all.filter(({ on }) => on === 'set').slice(0, 12);
  if (ofSet.length === 0) return null;
  const most = Math.max(0.05, ...ofSet.flatMap(({ low, high }) => [Math.abs(low), Math.abs(high)]));
  const clear = ofSet.filter(({ pHolm }) => pHolm < LEVEL).length;
  return {
    name: 'comparisons',
    title: 'Differences between models',
    text: `On the same photos of the set, ${countText(clear)} of ${countOf(ofSet.length, 'pair')} of models differ by more than chance (p below 0.05 with Holm’s correction): ${someText(
      ofSet.map(({ a, b, difference }) => `${a} minus ${b} ${pointsText(difference)}`),
      3,
    )}.`,
    note: 'The bands are 95 % intervals, each for its pair alone. p in the table is corrected for all pairs.',
    table: 'comparisons',
    draw: (frame) => (
      <Estimates
        frame={frame}
        axis="difference of accuracies, points"
        most={most}
        rows={ofSet.map(({ a, b, difference, ...ends }) => ({
          label: `${a} − ${b}`,
          numbers: pointsText(difference),
          main: { ...ends, value: difference },
          colour: 'm6',
        }))}
      />
    ),
  };
}

function never({ perClass }: ModelReport): number {
  return perClass.filter(({ accuracy }) => accuracy === 0).length;
}

function classAccuracy(report: Report): ReportFigure | null {
  const marked = markedModels(report)
    .filter(({ model }) => !model.isMember && model.perClass.length > 1)
    .slice(0, MOST_CURVES);
  if (marked.length === 0) return null;
  return {
    name: 'class-accuracy',
    title: 'Accuracy by class',
    text: `${listText(
      marked.map(
        ({ model }) =>
          `${model.model} is never right on ${countText(never(model))} of ${countOf(model.perClass.length, 'class', 'classes')}`,
      ),
    )}.`,
    note: 'Each bar counts the classes in a step of 5 points.',
    table: 'per-class',
    draw: (frame) => (
      <Histograms
        frame={frame}
        axis="accuracy on the photos of a class, %"
        rows={marked.map((one) => ({
          label: label(one),
          numbers: `${countText(never(one.model))} never right`,
          colour: one.colour,
          values: one.model.perClass.map(({ accuracy }) => accuracy),
        }))}
      />
    ),
  };
}

interface CurveFigure extends Pick<ReportFigure, 'title' | 'note'> {
  readonly name: 'reliability' | 'response-rate' | 'precision-recall' | 'roc';
  readonly points: (model: ModelReport) => readonly CurvePoint[] | null;
  readonly numbers: (model: ModelReport) => string;
  /** @param numbers the main number of each model */
  readonly text: (numbers: string) => string;
  readonly axes: (series: readonly Series[]) => Omit<Parameters<typeof Curves>[0], 'frame' | 'series'>;
}

function curveFigure(report: Report, { name, points, numbers, text, axes, ...rest }: CurveFigure): ReportFigure | null {
  // Mode A has no series for members: their confidence on photos that they were chosen to fail on is no finding.
  const series = markedModels(report)
    .filter(({ model }) => !REPORT_TEXTS[report.mode].rulesMembers || !model.isMember)
    .slice(0, MOST_CURVES)
    .map(({ model, ...marks }): Series => {
      return { ...marks, name: nameOf(model), numbers: numbers(model), points: points(model) ?? [] };
    })
    .filter((one) => one.points.length > 0);
  if (series.length === 0) return null;
  return {
    ...rest,
    name,
    text: text(listText(series.map((one) => `${one.name} ${one.numbers}`))),
    table: name,
    draw: (frame) => <Curves frame={frame} series={series} {...axes(series)} />,
  };
}

const RELIABILITY: CurveFigure = {
  name: 'reliability',
  title: 'Reliability',
  points: ({ curves }) => curves.reliability.map(({ confidence, accuracy }) => ({ x: confidence, y: accuracy })),
  numbers: ({ rmsCalibrationError }) => `RMS error ${percentText(rmsCalibrationError)}`,
  text: (numbers) => `Confidence against accuracy: ${numbers}.`,
  note: 'Below the broken line a model is surer than it is right.',
  axes: () => ({
    x: 'mean confidence of a bin, %',
    y: "right, % of the bin's photos",
    chance: 'diagonal',
    hasDots: true,
  }),
};

const RESPONSE_RATE: CurveFigure = {
  name: 'response-rate',
  title: 'Accuracy by response rate',
  points: ({ curves }) => curves.responseRate,
  numbers: ({ aurra }) => (aurra === null ? 'no right answer' : `AURRA ${percentText(aurra)}`),
  text: (numbers) => `Accuracy when only the surest are answered: ${numbers}.`,
  note: 'A model that knows when it is wrong rises to the left.',
  axes: (series) => {
    const most = Math.max(...series.flatMap(({ points }) => points.map(({ y }) => y)));
    return {
      x: 'answered, % of photos, surest first',
      y: 'right, % of the answered photos',
      highest: Math.min(1, Math.max(0.1, Math.ceil(most * 10) / 10)),
    };
  },
};

function precisionRecall(report: Report): ReportFigure | null {
  const chance = report.models.find(({ ood }) => ood !== null)?.ood?.chance.aupr;
  if (chance === undefined) return null;
  return curveFigure(report, {
    name: 'precision-recall',
    title: 'Precision and recall',
    points: ({ curves }) => curves.precisionRecall,
    numbers: ({ ood }) => `AUPR ${percentText(ood?.aupr ?? null)}`,
    text: (numbers) => `${numbers}; chance gives ${percentText(chance)}, the broken line.`,
    note: `The broken line is chance, ${percentText(chance)}.`,
    axes: () => ({
      x: "recall, % of the set's photos",
      y: 'precision, % of those called out of distribution',
      chance,
      isStepped: true,
    }),
  });
}

const ROC: CurveFigure = {
  name: 'roc',
  title: 'ROC',
  points: ({ curves }) => curves.roc,
  numbers: ({ ood }) => `AUROC ${percentText(ood?.auroc ?? null)}`,
  text: (numbers) => `${numbers}; chance gives 50.0 %, the broken line.`,
  note: 'The broken line is chance.',
  axes: () => ({
    x: 'false positives, % of photos in the distribution',
    y: "true positives, % of the set's photos",
    chance: 'diagonal',
  }),
};
