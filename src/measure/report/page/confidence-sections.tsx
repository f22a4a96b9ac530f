/** @jsxRuntime automatic @jsxImportSource preact */
import { countOf, countText, oodListsText } from '../../../core/kernel/texts.ts';
import { estimateOf } from '../../charts/estimate.ts';
import type { OodMeasures } from '../../evaluate/evaluation.ts';
import type { ModelReport } from '../report.ts';
import type { OfPage } from './context.ts';
import { FittedNotes } from './model-sections.tsx';
import { markedModels, type MarkedModel } from './models.ts';
import { type Column, MODEL_COLUMN, Nothing, Plots, Section, Table } from './parts.tsx';
import { estimateText, NOTHING, percentText, pointsText } from './texts.ts';

/** From this many photos there are two bins of 100. */
const TWO_BINS = 200;

export function ConfidenceSection({ context }: OfPage) {
  const { report } = context;
  return (
    <Section context={context} name="confidence">
      <p>
        Confidence is the largest p of {countOf(report.among, 'class', 'classes')}: a softmax over them, or for sigmoid
        members each class&apos;s own sigmoid. RMS calibration error: the root mean square gap between confidence and
        accuracy, over bins of 100 photos. Even a calibrated model scores above 0 by chance; the next column is the 95th
        percentile of such models. AURRA: mean accuracy over all response rates. Soft-F1: how well low confidence marks
        mistakes. AURRA and soft-F1 have intervals of 1,000 bootstrap resamples.
      </p>
      {report.models.length === 0 ? <Nothing>No model has run on these photos.</Nothing> : null}
      <Plots context={context} names={['reliability', 'response-rate']} />
      <Table
        caption="Calibration and error detection, with 95 % intervals of AURRA and soft-F1"
        isWide
        csv={context.csv('models')}
        rows={markedModels(report)}
        columns={[
          MODEL_COLUMN,
          ['RMS error, corrected', ({ model }) => percentText(model.rmsCalibrationError)],
          ['if calibrated, up to', ({ model }) => percentText(model.rmsCalibrationErrorIfCalibrated)],
          ['upstream-compatible', ({ model }) => percentText(model.rmsCalibrationErrorUpstream)],
          ['AURRA', ({ model }) => estimateText(estimateOf(model, 'aurra'))],
          ['soft-F1', ({ model }) => estimateText(estimateOf(model, 'softF1'))],
        ]}
      />
      <Notes models={report.models} />
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

/** Figures that the table has no column for, because it would be too wide. */
function Notes({ models }: { readonly models: readonly ModelReport[] }) {
  const gaps = models.filter(({ signedGap }) => signedGap !== null);
  const never = models.filter(({ accuracy, accuracyHigh }) => accuracy === 0 && accuracyHigh !== null);
  return (
    <>
      {gaps.length === 0 ? null : (
        <p class="note">
          Signed gap, mean confidence minus accuracy:{' '}
          {gaps.map(({ model, signedGap }) => `${model} ${pointsText(signedGap)}`).join(', ')}.
        </p>
      )}
      {never.length === 0 ? null : (
        <p class="note">
          Without a right answer there is no AURRA. The 95 % interval of the accuracy ends at:{' '}
          {never.map(({ model, accuracyHigh }) => `${model} ${percentText(accuracyHigh)}`).join(', ')}.
        </p>
      )}
    </>
  );
}

export function OodSection({ context }: OfPage) {
  const { report } = context;
  const first = report.models.find(({ ood }) => ood !== null);
  return (
    <Section context={context} name="ood">
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
          . Confidence: {oodListsText(first.ood)}. A score without information gives an AUROC of{' '}
          {percentText(first.ood.chance.auroc)}, an AUPR of {percentText(first.ood.chance.aupr)} and an FPR95 of{' '}
          {percentText(first.ood.chance.fpr95)}.
        </p>
      )}
      <Plots context={context} names={['roc', 'precision-recall']} />
      <Table
        caption="Detection, with 95 % bootstrap intervals"
        isWide
        csv={context.csv('models')}
        rows={first === undefined ? [] : markedModels(report)}
        columns={[
          MODEL_COLUMN,
          ['AUROC ↑', measureOf('auroc')],
          ['AUPR ↑', measureOf('aupr', ({ chance }) => `, chance ${percentText(chance.aupr)}`)],
          ['FPR95 ↓, nearest', measureOf('fpr95Nearest')],
          ['FPR95 ↓, first', measureOf('fpr95First')],
        ]}
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

function measureOf(
  name: 'auroc' | 'aupr' | 'fpr95Nearest' | 'fpr95First',
  more: (ood: OodMeasures) => string = () => '',
): Column<MarkedModel>[1] {
  return ({ model: { ood } }) => (ood === null ? NOTHING : estimateText(estimateOf(ood, name)) + more(ood));
}
