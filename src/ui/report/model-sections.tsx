/** @jsxRuntime automatic @jsxImportSource preact */
import type { ClassAccuracy } from '../../report/evaluation.ts';
import type { ModelReport } from '../../report/report.ts';
import { countOf, countText, fittedText, probabilityText } from '../shared/texts.ts';
import type { ReportContext } from './context.ts';
import { markedModels, mostPhotos, outsidersOf } from './models.ts';
import { ClassName, Count, Nothing, Plots, Section, Table, type TableRow } from './parts.tsx';
import { estimateText, percentText, dropText, pointsText, rangeText } from './texts.ts';

interface SectionOf {
  readonly context: ReportContext;
  readonly title: string;
}

/** Accuracy of the models on the set, and its drop from clean photos. */
export function TransferSection({ context, title }: SectionOf) {
  const { report, csv } = context;
  const { clean } = report;
  return (
    <Section name="transfer" title={title} context={context}>
      {report.models.length === 0 ? (
        <Nothing>
          No model has run on these photos. <code>winnow models list</code> names those that can.
        </Nothing>
      ) : null}
      {clean === null ? null : (
        <p>
          Clean photos: {countOf(clean.photos, 'photo')} of {countOf(clean.classes, 'class', 'classes')} in{' '}
          <code>{clean.folder}</code>. The drop is the accuracy on them minus the accuracy on the set.
        </p>
      )}
      <Plots context={context} names={['transfer', 'class-accuracy', 'comparisons']} />
      <Table
        caption="Accuracy, with 95 % intervals"
        isWide
        columns={[
          'model',
          'photos',
          'on the set',
          'mean of classes',
          ...(clean === null ? [] : ['on clean photos', 'drop']),
        ]}
        csv={csv('models')}
        rows={rowsOf(context, (model) => [
          countText(model.photos),
          estimateText(model.accuracy, model.accuracyLow, model.accuracyHigh),
          percentText(model.macroAccuracy),
          ...(clean === null
            ? []
            : [
                estimateText(model.clean, model.cleanLow, model.cleanHigh),
                `${dropText(model.drop)}${model.drop === null ? '' : ` (${pointRange(model.dropLow, model.dropHigh).replaceAll('+', '')})`}`,
              ]),
        ])}
      />
      <Implied models={report.models} />
      <FittedNotes models={report.models} />
      <div class="tables">
        <ClassTable context={context} />
        <ConfusionTable context={context} />
        <ComparisonTable context={context} />
      </div>
    </Section>
  );
}

function rowsOf({ report }: ReportContext, cellsOf: (model: ModelReport) => TableRow['cells']): TableRow[] {
  return markedModels(report).map(({ model, letter }) => ({
    key: model.model,
    head: (
      <>
        <span class="letter">{letter}</span> {model.model}{' '}
        {model.isMember ? <small>member</small> : model.sharesBackbone ? <small>over a member’s backbone</small> : null}
      </>
    ),
    cells: cellsOf(model),
  }));
}

/** Warns that the filter's rule implies the members' accuracy. */
function Implied({ models }: { readonly models: readonly ModelReport[] }) {
  const implied = models.filter(({ implied: text }) => text !== null);
  if (implied.length === 0) return null;
  return (
    <p class="note">
      <b>The members’ accuracy is no finding.</b> The filter’s rule implies it:{' '}
      {[...new Map(implied.map(({ model, implied: text }) => [text, model]))]
        .map(([text]) => {
          const names = implied.filter((one) => one.implied === text).map(({ model }) => model);
          return `${names.join(', ')}: ${text}`;
        })
        .join(' ')}
    </p>
  );
}

/** Names the photos that heads were fitted on. Reports stored by an older winnow lack this field. */
function FittedNotes({ models }: { readonly models: readonly ModelReport[] }) {
  return models.map(({ model, fitted }) =>
    fitted == null ? null : (
      <p class="note" key={model}>
        <b>{model}</b>: {fittedText(fitted)}.
      </p>
    ),
  );
}

/** Maximum number of models side by side, so that the table fits a page. */
const MOST_COLUMNS = 4;

function ClassTable({ context }: Pick<SectionOf, 'context'>) {
  const models = outsidersOf(context.report).slice(0, MOST_COLUMNS);
  const counts = mostPhotos(models, ({ perClass }) => perClass.map((row) => [row.wnid, row]));
  const rowsByModel = models.map(({ perClass }) => new Map(perClass.map((row) => [row.wnid, row])));
  return (
    <Table
      caption={`Accuracy by class, ${cellWords(context.report)}`}
      columns={['class', 'photos', ...models.map(({ model }) => model)]}
      csv={context.csv('per-class')}
      rows={[...counts].map(([wnid, { photos }]) => ({
        key: wnid,
        head: <ClassName context={context} wnid={wnid} kind="searched" />,
        cells: [
          <Count key="photos" context={context} count={photos} of={['class', wnid]} table="per-class" />,
          ...rowsByModel.map((rowOf) => accuracyCell(rowOf.get(wnid))),
        ],
      }))}
    />
  );
}

/** Describes the small text of an `accuracyCell`. */
function cellWords({ clean }: ReportContext['report']): string {
  return clean === null ? 'with 95 % intervals' : 'with 95 % intervals and drops from clean photos of the class';
}

/** An accuracy with its interval below, and its drop from clean photos if they were evaluated. */
function accuracyCell(row: (ClassAccuracy & { readonly drop: number | null }) | undefined) {
  if (row === undefined) return percentText(null);
  const { accuracy, accuracyLow, accuracyHigh, drop } = row;
  return (
    <>
      {percentText(accuracy)}{' '}
      <small>
        {rangeText(accuracyLow, accuracyHigh)}
        {drop === null ? null : `, drop ${dropText(drop)}`}
      </small>
    </>
  );
}

const MOST_CONFUSIONS = 60;

function keyOf({ wnid, predictedWnid }: { readonly wnid: string; readonly predictedWnid: string }): string {
  return `${wnid}|${predictedWnid}`;
}

function ConfusionTable({ context }: Pick<SectionOf, 'context'>) {
  const models = outsidersOf(context.report).slice(0, MOST_COLUMNS);
  if (models.length === 0) return null;
  const rowsByModel = models.map(({ perConfusion }) => new Map(perConfusion.map((row) => [keyOf(row), row])));
  const rows = [
    ...mostPhotos(models, ({ perConfusion }) => perConfusion.map((row) => [keyOf(row), row])).values(),
  ].toSorted((a, b) => b.photos - a.photos);
  return (
    <Table
      caption={`Accuracy by confusion of the ensemble, ${cellWords(context.report)}${rows.length > MOST_CONFUSIONS ? `: the ${MOST_CONFUSIONS} largest of ${countText(rows.length)}` : ''}`}
      columns={['searched as, taken for', 'photos', ...models.map(({ model }) => model)]}
      csv={context.csv('per-confusion')}
      rows={rows.slice(0, MOST_CONFUSIONS).map((row) => ({
        key: keyOf(row),
        head: (
          <>
            <ClassName context={context} wnid={row.wnid} kind="searched" /> →{' '}
            <ClassName context={context} wnid={row.predictedWnid} kind="predicted" />
          </>
        ),
        cells: [
          <Count
            key="photos"
            context={context}
            count={row.photos}
            of={['confusion', row.wnid, { predictedWnid: row.predictedWnid }]}
            table="per-confusion"
          />,
          ...rowsByModel.map((rowOf) => accuracyCell(rowOf.get(keyOf(row)))),
        ],
      }))}
    />
  );
}

function ComparisonTable({ context }: Pick<SectionOf, 'context'>) {
  return (
    <Table
      caption="Differences on the same photos"
      isWide
      columns={['models', 'on', 'photos', 'difference', '95 % interval', 'p, McNemar', 'p, Holm']}
      csv={context.csv('comparisons')}
      rows={context.report.comparisons.map(({ a, b, on, photos, difference, low, high, p, pHolm }) => ({
        key: `${a} ${b} ${on}`,
        head: `${a} − ${b}`,
        cells: [
          on === 'set' ? 'this set' : 'clean photos',
          countText(photos),
          pointsText(difference),
          pointRange(low, high),
          probabilityText(p),
          probabilityText(pHolm),
        ],
      }))}
    />
  );
}

/** `−1.0 to +3.1 points` */
function pointRange(low: number | null, high: number | null): string {
  return `${pointsText(low).replace(' points', '')} to ${pointsText(high)}`;
}

/** From this many photos there are two bins of 100. */
const TWO_BINS = 200;

/** Calibration and error detection of the models. */
export function ConfidenceSection({ context, title }: SectionOf) {
  const { report, csv } = context;
  return (
    <Section name="confidence" title={title} context={context}>
      <p>
        Confidence is the largest softmax over {countOf(report.among, 'class', 'classes')}. RMS calibration error: the
        root mean square gap between confidence and accuracy, over bins of 100 photos. AURRA: mean accuracy over all
        response rates. Soft-F1: how well low confidence marks mistakes. Intervals are of 1,000 bootstrap resamples.
      </p>
      {report.models.length === 0 ? <Nothing>No model has run on these photos.</Nothing> : null}
      <Plots context={context} names={['reliability', 'response-rate']} />
      <Table
        caption="Calibration and error detection, with 95 % intervals"
        isWide
        columns={['model', 'RMS error, corrected', 'RMS error, upstream-compatible', 'AURRA', 'soft-F1']}
        csv={csv('models')}
        rows={rowsOf(context, (model) => [
          estimateText(model.rmsCalibrationError, model.rmsCalibrationErrorLow, model.rmsCalibrationErrorHigh),
          percentText(model.rmsCalibrationErrorUpstream),
          estimateText(model.aurra, model.aurraLow, model.aurraHigh),
          estimateText(model.softF1, model.softF1Low, model.softF1High),
        ])}
      />
      {report.models.some(({ photos }) => photos < TWO_BINS) ? (
        <p class="note">
          Below {countText(TWO_BINS)} photos the RMS error has one bin: it compares the mean confidence with the
          accuracy, and mistakes in opposite directions cancel out. The upstream-compatible variant leaves out the last
          bin, as the paper’s code does. From 100 to 199 photos there is no other bin, so it is {percentText(0)} for any
          model; below 100 photos that code fails.
        </p>
      ) : null}
    </Section>
  );
}

/** How well model confidence separates the set from in-distribution photos. */
export function OodSection({ context, title }: SectionOf) {
  const { report, csv } = context;
  const first = report.models.find(({ ood }) => ood !== null);
  return (
    <Section name="ood" title={title} context={context}>
      {first?.ood == null ? (
        <Nothing>Nothing is measured without photos in the distribution.</Nothing>
      ) : (
        <p>
          {first.ood.polarity.replace(/\.?$/, '.')} {countOf(first.ood.positives, 'photo')} of the set against{' '}
          {countOf(first.ood.negatives, 'photo')} in the distribution
          {report.inDistribution === null ? null : (
            <>
              {' '}
              in <code>{report.inDistribution.folder}</code>
            </>
          )}
          . A score without information gives an AUPR of {percentText(first.ood.chance.aupr)}, an AUROC of{' '}
          {percentText(first.ood.chance.auroc)} and an FPR95 of {percentText(first.ood.chance.fpr95)}.
        </p>
      )}
      <Plots context={context} names={['precision-recall', 'roc']} />
      <Table
        caption="Detection, with 95 % bootstrap intervals"
        isWide
        columns={['model', 'AUPR ↑', 'AUROC ↑', 'FPR95 ↓, nearest', 'FPR95 ↓, first']}
        csv={csv('models')}
        rows={rowsOf(context, ({ ood }) =>
          ood === null
            ? [NO_NUMBER, NO_NUMBER, NO_NUMBER, NO_NUMBER]
            : [
                withRange(ood.aupr, ood.auprLow, ood.auprHigh),
                withRange(ood.auroc, ood.aurocLow, ood.aurocHigh),
                withRange(ood.fpr95Nearest, ood.fpr95NearestLow, ood.fpr95NearestHigh),
                withRange(ood.fpr95First, ood.fpr95FirstLow, ood.fpr95FirstHigh),
              ],
        ).filter(() => first !== undefined)}
      />
      <FittedNotes models={report.models} />
      {first === undefined ? null : (
        <p class="note">
          FPR95, nearest: at the threshold whose recall is nearest to 95 %, as in the paper’s code. FPR95, first: at the
          first threshold whose recall is at least 95 %, as in OpenOOD. ↑ higher is better, ↓ lower is better.
        </p>
      )}
    </Section>
  );
}

const NO_NUMBER = percentText(null);

function withRange(value: number, low: number, high: number): string {
  return `${percentText(value)} (${rangeText(low, high) ?? ''})`;
}
