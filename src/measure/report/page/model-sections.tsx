/** @jsxRuntime automatic @jsxImportSource preact */
import type { ClassAccuracy } from '../../evaluate/evaluation.ts';
import type { ModelReport } from '../report.ts';
import { humanAccuracyText } from '../../../core/kernel/human-accuracy.ts';
import { countOf, countText, fittedText, probabilityText } from '../../../core/kernel/texts.ts';
import type { ReportContext, SectionOf } from './context.ts';
import { markedModels, mostPhotos, outsidersOf, peopleOf } from './models.ts';
import { ClassName, Count, Nothing, Plots, Section, Table, type TableRow } from './parts.tsx';
import { estimateText, NOTHING, percentText, dropText, pointsText, rangeText, setAccuracyText } from './texts.ts';

export function TransferSection({ context, title }: SectionOf) {
  const { report } = context;
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
      <AccuracyTable context={context} />
      <HumanAccuracyNote report={report} />
      <ControlTable context={context} />
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

function AccuracyTable({ context }: Pick<SectionOf, 'context'>) {
  const { report, csv } = context;
  const { clean } = report;
  const isMultiLabel = report.models.some(({ accuracyMultiLabel }) => accuracyMultiLabel !== undefined);
  return (
    <Table
      caption="Accuracy, with 95 % intervals"
      isWide
      columns={[
        'model',
        'photos',
        'on the set',
        ...(isMultiLabel ? ['any valid class'] : []),
        'mean of classes',
        ...(clean === null ? [] : ['on clean photos', 'drop']),
      ]}
      csv={csv('models')}
      rows={[
        ...rowsOf(context, (model) => [
          countText(model.photos),
          setAccuracyText(model),
          ...(isMultiLabel ? [multiLabelText(model)] : []),
          percentText(model.macroAccuracy),
          ...(clean === null
            ? []
            : [
                estimateText(model.clean, model.cleanLow, model.cleanHigh),
                `${dropText(model.drop)}${model.drop === null ? '' : ` (${pointRange(model.dropLow, model.dropHigh).replaceAll('+', '')})`}`,
              ]),
        ]),
        ...peopleOf(report).map(({ name, photos, accuracy, low, high }) => ({
          key: name,
          head: name,
          cells: [
            countText(photos),
            estimateText(accuracy, low, high),
            ...(isMultiLabel ? [NOTHING] : []),
            NOTHING,
            ...(clean === null ? [] : [NOTHING, NOTHING]),
          ],
        })),
      ]}
    />
  );
}

function multiLabelText({ accuracyMultiLabel, accuracyMultiLabelLow, accuracyMultiLabelHigh }: ModelReport): string {
  return estimateText(accuracyMultiLabel ?? null, accuracyMultiLabelLow ?? null, accuracyMultiLabelHigh ?? null);
}

const acceptedText = (accepted: number, rejected: number): string =>
  `${countText(accepted)} of ${countText(accepted + rejected)}`;

/** Photos of the same crawl that a member got right: the easy part of it, and no estimate of the accuracy on the crawl. */
function ControlTable({ context }: { readonly context: ReportContext }) {
  const { control, controlVerdicts, funnel } = context.report;
  if (control === undefined || controlVerdicts === undefined) return null;
  const { selected, rejected } = funnel.totals;
  const byModel = new Map(control.map((one) => [one.model, one]));
  return (
    <>
      <p class="note">
        Controls: photos of the same crawl that the filter dropped as correct, which the same people judged without
        knowing the models’ answers. Of the photos with a verdict for or against them, these people accepted{' '}
        {acceptedText(controlVerdicts.accepted, controlVerdicts.rejected)} controls and{' '}
        {acceptedText(selected, rejected)} listed photos. The difference is against photos that a member got right: the
        accuracy on all photos of the crawl is lower than on them, so it is no estimate of how far accuracy drops.
      </p>
      <Table
        caption="Accuracy on accepted controls, with 95 % intervals"
        columns={[
          'model',
          'controls',
          'on the controls',
          'on the set',
          'difference, against photos that a member got right',
        ]}
        csv={context.csv('control')}
        rows={rowsOf(context, (one) => {
          const on = byModel.get(one.model);
          if (on === undefined) return ['0', NOTHING, setAccuracyText(one), NOTHING];
          const { photos, accuracy, low, high, difference, differenceLow, differenceHigh } = on;
          const range = difference === null ? '' : ` (${pointRange(differenceLow, differenceHigh)})`;
          return [
            countText(photos),
            estimateText(accuracy, low, high),
            setAccuracyText(one),
            `${pointsText(difference)}${range}`,
          ];
        })}
      />
    </>
  );
}

export function rowsOf({ report }: ReportContext, cellsOf: (model: ModelReport) => TableRow['cells']): TableRow[] {
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

function HumanAccuracyNote({ report: { human } }: Pick<ReportContext, 'report'>) {
  return <p class="note">{human === undefined ? 'No human accuracy was measured.' : humanAccuracyText(human)}</p>;
}

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
export function FittedNotes({ models }: { readonly models: readonly ModelReport[] }) {
  return models.map(({ model, fitted }) =>
    fitted == null ? null : (
      <p class="note" key={model}>
        <b>{model}</b>: {fittedText(fitted)}.
      </p>
    ),
  );
}

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
      columns={['models', 'on', 'photos', 'difference', '95 % interval', 'p', 'p, Holm']}
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

function pointRange(low: number | null, high: number | null): string {
  return `${pointsText(low).replace(' points', '')} to ${pointsText(high)}`;
}
