/** @jsxRuntime automatic @jsxImportSource preact */
import { estimateOf } from '../../charts/estimate.ts';
import type { ClassAccuracy } from '../../evaluate/evaluation.ts';
import type { ModelReport, Report } from '../report.ts';
import { CrawlTables } from './crawl-section.tsx';
import { powerText } from './power-text.ts';
import { humanAccuracyText } from '../../../core/kernel/human-accuracy.ts';
import { countOf, countText, fittedText, probabilityText } from '../../../core/kernel/texts.ts';
import type { OfPage } from './context.ts';
import { markedModels, mostPhotos, outsidersOf, peopleOf, type MarkedModel } from './models.ts';
import { ClassName, type Column, Confusion, Count, MODEL_COLUMN, Nothing, Plots, Section, Table } from './parts.tsx';
import {
  BY_RULE,
  differenceText,
  dropText,
  estimateText,
  NOTHING,
  percentText,
  pointRange,
  pointsText,
  rangeText,
  setAccuracyText,
} from './texts.ts';

export function TransferSection({ context }: OfPage) {
  const { models, clean, power } = context.report;
  return (
    <Section context={context} name="transfer">
      {models.length === 0 ? (
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
      <HumanAccuracyNote context={context} />
      <ControlTable context={context} />
      <CrawlTables context={context} />
      <Implied models={models} />
      <FittedNotes models={models} />
      <div class="tables">
        <ClassTable context={context} />
        <ConfusionTable context={context} />
        <ComparisonTable context={context} />
      </div>
      {power === undefined ? null : <p class="note">{powerText(power)}</p>}
    </Section>
  );
}

type Answering = MarkedModel | ReturnType<typeof peopleOf>[number];

function ofModel(textOf: (model: ModelReport) => string): (row: Answering) => string {
  return (row) => ('model' in row ? textOf(row.model) : NOTHING);
}

function AccuracyTable({ context }: OfPage) {
  const { report } = context;
  const hasClean = report.clean !== null;
  const hasTop5 = report.models.some(({ top5Accuracy }) => top5Accuracy != null);
  const isMultiLabel = report.models.some(({ accuracyMultiLabel }) => accuracyMultiLabel !== undefined);
  return (
    <Table<Answering>
      caption="Accuracy, with 95 % intervals"
      isWide
      csv={context.csv('models')}
      rows={[...markedModels(report), ...peopleOf(report)]}
      columns={[
        ['model', (row) => ('model' in row ? MODEL_COLUMN[1](row) : row.name)],
        ['photos', (row) => countText(('model' in row ? row.model : row).photos)],
        [
          'on the set',
          (row) => ('model' in row ? setAccuracyText(row.model) : estimateText({ ...row, value: row.accuracy })),
        ],
        hasTop5 && ['top-5', ofModel((model) => estimateText(estimateOf(model, 'top5Accuracy')))],
        isMultiLabel && ['any valid class', ofModel((model) => estimateText(estimateOf(model, 'accuracyMultiLabel')))],
        [
          'mean of classes',
          ofModel((model) => (model.accuracyByRule === true ? BY_RULE : percentText(model.macroAccuracy))),
        ],
        hasClean && ['on clean photos', ofModel((model) => estimateText(estimateOf(model, 'clean')))],
        hasClean && ['drop', ofModel((model) => differenceText(estimateOf(model, 'drop')).replaceAll('+', ''))],
      ]}
    />
  );
}

const acceptedText = (accepted: number, rejected: number): string =>
  `${countText(accepted)} of ${countText(accepted + rejected)}`;

/** Photos of the same crawl that a member got right: the easy part of it, and no estimate of the accuracy on the crawl. */
function ControlTable({ context }: OfPage) {
  const { report } = context;
  const { control, controlVerdicts, funnel } = report;
  if (control === undefined || controlVerdicts === undefined) return null;
  const { selected, rejected } = funnel.totals;
  const controlOf = ({ model }: MarkedModel) => control.find((one) => one.model === model.model);
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
        csv={context.csv('control')}
        rows={markedModels(report)}
        columns={[
          MODEL_COLUMN,
          ['controls', (row) => countText(controlOf(row)?.photos ?? 0)],
          [
            'on the controls',
            (row) => {
              const { accuracy = null, low = null, high = null } = controlOf(row) ?? {};
              return estimateText({ value: accuracy, low, high });
            },
          ],
          ['on the set', ({ model }) => setAccuracyText(model)],
          [
            'difference, against photos that a member got right',
            (row) => differenceText(estimateOf(controlOf(row) ?? {}, 'difference')),
          ],
        ]}
      />
    </>
  );
}

function HumanAccuracyNote({ context }: OfPage) {
  const { human } = context.report;
  return <p class="note">{human === undefined ? 'No human accuracy was measured.' : humanAccuracyText(human)}</p>;
}

function Implied({ models }: { readonly models: readonly ModelReport[] }) {
  const implied = models.filter(({ implied: text }) => text !== null);
  if (implied.length === 0) return null;
  return (
    <p class="note">
      <b>The members’ figures are no findings,</b> because their predictions chose the photos. The rule implies the
      accuracy:{' '}
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

type AccuracyRow = ClassAccuracy & { readonly predictedWnid?: string; readonly drop: number | null };

const keyOf = ({ wnid, predictedWnid = '' }: AccuracyRow): string => `${wnid}|${predictedWnid}`;

/** The rows of the models that were no members, and for each model a column with its accuracies on them. */
function pivot<Row extends AccuracyRow>(
  report: Report,
  rowsOf: (model: ModelReport) => readonly Row[],
): { readonly rows: Row[]; readonly columns: Column<Row>[] } {
  const models = outsidersOf(report).slice(0, MOST_COLUMNS);
  const columns = models.map((model): Column<Row> => {
    const byKey = new Map(rowsOf(model).map((row) => [keyOf(row), row]));
    return [model.model, (row) => accuracyCell(byKey.get(keyOf(row)))];
  });
  return { rows: mostPhotos(models.flatMap(rowsOf), keyOf), columns };
}

/** An accuracy with its interval below, and its drop from clean photos if they were evaluated. */
function accuracyCell(row: AccuracyRow | undefined) {
  if (row === undefined) return NOTHING;
  return (
    <>
      {percentText(row.accuracy)}{' '}
      <small>
        {rangeText(estimateOf(row, 'accuracy'))}
        {row.drop === null ? null : `, drop ${dropText(row.drop)}`}
      </small>
    </>
  );
}

function cellWords({ clean }: Report): string {
  return clean === null ? 'with 95 % intervals' : 'with 95 % intervals and drops from clean photos of the class';
}

function ClassTable({ context }: OfPage) {
  const { report } = context;
  const { rows, columns } = pivot(report, ({ perClass }) => perClass);
  return (
    <Table
      caption={`Accuracy by class, ${cellWords(report)}`}
      csv={context.csv('per-class')}
      rows={rows}
      columns={[
        ['class', ({ wnid }) => <ClassName context={context} wnid={wnid} kind="searched" />],
        [
          'photos',
          ({ wnid, photos }) => <Count context={context} count={photos} of={['class', wnid]} table="per-class" />,
        ],
        ...columns,
      ]}
    />
  );
}

const MOST_CONFUSIONS = 60;

function ConfusionTable({ context }: OfPage) {
  const { report } = context;
  const { rows, columns } = pivot(report, ({ perConfusion }) => perConfusion);
  const which = rows.length > MOST_CONFUSIONS ? `: the ${MOST_CONFUSIONS} largest of ${countText(rows.length)}` : '';
  return (
    <Table
      caption={`Accuracy by confusion of the ensemble, ${cellWords(report)}${which}`}
      csv={context.csv('per-confusion')}
      rows={rows.toSorted((a, b) => b.photos - a.photos).slice(0, MOST_CONFUSIONS)}
      columns={[
        ['searched as, taken for', (row) => <Confusion context={context} {...row} />],
        [
          'photos',
          ({ wnid, predictedWnid, photos }) => (
            <Count context={context} count={photos} of={['confusion', wnid, { predictedWnid }]} table="per-confusion" />
          ),
        ],
        ...columns,
      ]}
    />
  );
}

function ComparisonTable({ context }: OfPage) {
  return (
    <Table
      caption="Differences on the same photos"
      isWide
      csv={context.csv('comparisons')}
      rows={context.report.comparisons}
      columns={[
        ['models', ({ a, b }) => `${a} − ${b}`],
        ['on', ({ on }) => (on === 'set' ? 'this set' : 'clean photos')],
        ['photos', ({ photos }) => countText(photos)],
        ['difference', ({ difference }) => pointsText(difference)],
        ['95 % interval', pointRange],
        ['p', ({ p }) => probabilityText(p)],
        ['p, Holm', ({ pHolm }) => probabilityText(pHolm)],
      ]}
    />
  );
}
