/** @jsxRuntime automatic @jsxImportSource preact */
import type { CurvePoint } from '../../evaluate/evaluation.ts';
import type { ModelReport, Report } from '../report.ts';
import { Curves, type Series } from '../../page/charts/curves.tsx';
import { Histograms } from '../../page/charts/histograms.tsx';
import { Estimates, type EstimateRow } from '../../page/charts/rows.tsx';
import { countOf, countText, listText } from '../../kernel/texts.ts';
import type { ReportFigure } from './figure.tsx';
import { MOST_CURVES, markedModels, type MarkedModel } from './models.ts';
import { percentText, pointsText, someText } from './texts.ts';
import { REPORT_TEXTS } from './modes.ts';

export function modelFigures(report: Report): ReportFigure[] {
  return [
    transfer(report),
    comparisons(report),
    classAccuracy(report),
    reliability(report),
    responseRate(report),
    precisionRecall(report),
    roc(report),
  ].filter((figure) => figure !== null);
}

const label = ({ letter, model }: MarkedModel): string =>
  `${letter}  ${model.model}${model.isMember ? ', member' : ''}`;

function transfer(report: Report): ReportFigure | null {
  const marked = markedModels(report).filter(({ model }) => model.accuracy !== null || model.clean !== null);
  if (marked.length === 0) return null;
  const hasMembers = REPORT_TEXTS[report.mode].rulesMembers && marked.some(({ model }) => model.isMember);
  const hasClean = marked.some(({ model }) => model.clean !== null);
  const rows = marked.map((one): EstimateRow => {
    const { model } = one;
    return {
      key: model.model,
      label: label(one),
      numbers: hasClean
        ? `${percentText(model.accuracy)}, clean ${percentText(model.clean)}`
        : percentText(model.accuracy),
      main: estimate(model.accuracy, model.accuracyLow, model.accuracyHigh),
      other: estimate(model.clean, model.cleanLow, model.cleanHigh),
      colour: one.colour,
    };
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
        rows={rows}
        axis="accuracy, % of photos"
        ticks={[0, 0.25, 0.5, 0.75, 1]}
        {...(hasClean ? { key: { main: 'this set', other: 'clean photos' } } : {})}
      />
    ),
  };
}

function estimate(value: number | null, low: number | null, high: number | null) {
  return value === null ? null : { value, low, high };
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
    text: `On the same photos of the set, ${countText(clear)} of ${countOf(ofSet.length, 'pair')} of models differ by more than chance (McNemar’s exact test with Holm’s correction, p below 0.05): ${someText(
      ofSet.map(({ a, b, difference }) => `${a} minus ${b} ${pointsText(difference)}`),
      3,
    )}.`,
    note: 'The bands are 95 % intervals of a paired bootstrap, each for its pair alone. p in the table is corrected for all pairs.',
    table: 'comparisons',
    draw: (frame) => (
      <Estimates
        frame={frame}
        axis="difference of accuracies, points"
        domain={[-most, most]}
        tickText={(value) => (100 * value).toFixed(0).replace('-', '−')}
        reference={0}
        rows={ofSet.map(({ a, b, difference, low, high }) => ({
          key: `${a} ${b}`,
          label: `${a} − ${b}`,
          numbers: pointsText(difference),
          main: { value: difference, low, high },
          colour: 'm6',
        }))}
      />
    ),
  };
}

/** Classes none of whose photos the model gets right. */
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
          key: one.model.model,
          label: label(one),
          numbers: `${countText(never(one.model))} never right`,
          colour: one.colour,
          values: one.model.perClass.map(({ accuracy }) => accuracy),
        }))}
      />
    ),
  };
}

type PointsOf = (model: ModelReport) => readonly CurvePoint[] | null;

/**
 * A series for each of the first six models that have points. In mode A members are left out: their confidence on photos
 * that they were chosen to fail on is no finding.
 */
function seriesOf(report: Report, pointsOf: PointsOf, numbersOf: (model: ModelReport) => string): Series[] {
  return markedModels(report)
    .filter(({ model }) => !REPORT_TEXTS[report.mode].rulesMembers || !model.isMember)
    .slice(0, MOST_CURVES)
    .flatMap((one) => {
      const points = pointsOf(one.model) ?? [];
      if (points.length === 0) return [];
      return [{ ...one, name: label(one).slice(one.letter.length).trim(), numbers: numbersOf(one.model), points }];
    });
}

function textOf(series: readonly Series[]): string {
  return listText(series.map(({ name, numbers }) => `${name} ${numbers}`));
}

function reliability(report: Report): ReportFigure | null {
  const series = seriesOf(
    report,
    ({ curves }) => curves.reliability.map(({ confidence, accuracy }) => ({ x: confidence, y: accuracy })),
    ({ rmsCalibrationError }) => `RMS error ${percentText(rmsCalibrationError)}`,
  );
  if (series.length === 0) return null;
  return {
    name: 'reliability',
    title: 'Reliability',
    text: `Confidence against accuracy: ${textOf(series)}.`,
    note: 'Below the broken line a model is surer than it is right.',
    table: 'reliability',
    draw: (frame) => (
      <Curves
        frame={frame}
        series={series}
        x="mean confidence of a bin, %"
        y="right, % of the bin's photos"
        chance="diagonal"
        hasDots
      />
    ),
  };
}

function responseRate(report: Report): ReportFigure | null {
  const series = seriesOf(
    report,
    ({ curves }) => curves.responseRate,
    ({ aurra }) => `AURRA ${percentText(aurra)}`,
  );
  if (series.length === 0) return null;
  const most = Math.max(...series.flatMap(({ points }) => points.map(({ y }) => y)));
  const highest = Math.min(1, Math.max(0.1, Math.ceil(most * 10) / 10));
  return {
    name: 'response-rate',
    title: 'Accuracy by response rate',
    text: `Accuracy when only the surest are answered: ${textOf(series)}.`,
    note: 'A model that knows when it is wrong rises to the left.',
    table: 'response-rate',
    draw: (frame) => (
      <Curves
        frame={frame}
        series={series}
        x="answered, % of photos, surest first"
        y="right, % of the answered photos"
        highest={highest}
      />
    ),
  };
}

function precisionRecall(report: Report): ReportFigure | null {
  const series = seriesOf(
    report,
    ({ curves }) => curves.precisionRecall,
    ({ ood }) => `AUPR ${percentText(ood?.aupr ?? null)}`,
  );
  const chance = report.models.find(({ ood }) => ood !== null)?.ood?.chance.aupr;
  if (series.length === 0 || chance === undefined) return null;
  return {
    name: 'precision-recall',
    title: 'Precision and recall',
    text: `${textOf(series)}; chance gives ${percentText(chance)}, the broken line.`,
    note: 'The broken line is chance.',
    table: 'precision-recall',
    draw: (frame) => (
      <Curves
        frame={frame}
        series={series}
        x="recall, % of the set's photos"
        y="precision, % of those called out of distribution"
        chance={chance}
        steps="before"
      />
    ),
  };
}

function roc(report: Report): ReportFigure | null {
  const series = seriesOf(
    report,
    ({ curves }) => curves.roc,
    ({ ood }) => `AUROC ${percentText(ood?.auroc ?? null)}`,
  );
  if (series.length === 0) return null;
  return {
    name: 'roc',
    title: 'ROC',
    text: `${textOf(series)}; chance gives 50.0 %, the broken line.`,
    note: 'The broken line is chance.',
    table: 'roc',
    draw: (frame) => (
      <Curves
        frame={frame}
        series={series}
        x="false positives, % of photos in the distribution"
        y="true positives, % of the set's photos"
        chance="diagonal"
      />
    ),
  };
}
