/** @jsxRuntime automatic @jsxImportSource preact */
import type { AcceptanceRow, Report } from '../report.ts';
import { Matrix } from '../../charts/matrix.tsx';
import { Bars, Estimates } from '../../charts/rows.tsx';
import { TenCrops } from '../../charts/ten-crops.tsx';
import { stagesOf } from '../../../core/page/stages.ts';
import { countOf, countText, listText, probabilityText, shareText, tagText } from '../../../core/kernel/texts.ts';
import type { ReportFigure } from './context.ts';
import { decimalText, percentText, rangeText } from './texts.ts';
import { REPORT_TEXTS } from './modes.ts';

export function setFigures(report: Report): ReportFigure[] {
  return [
    funnel(report),
    confusion(report),
    ...cropFigures(report),
    ...tallies(report),
    ...(['source', 'score', 'class'] as const).map((by) => acceptance(report, by)),
  ].filter((figure) => figure !== null);
}

function funnel({ funnel: { totals } }: Report): ReportFigure {
  const stages = stagesOf(totals);
  const shareOf = (i: number) =>
    i === 0 ? '' : `, ${shareText(stages[i]?.count ?? 0, stages[i - 1]?.count ?? 0)} of ${stages[i - 1]?.name}`;
  return {
    name: 'funnel',
    title: 'Photos left after each stage',
    text: `${listText(stages.map(({ name, count }) => `${countText(count)} ${name}`))}.`,
    note: '',
    table: 'funnel',
    draw: (frame) => (
      <Bars
        frame={frame}
        rows={stages.map(({ name, count }, i) => ({
          label: name,
          value: count,
          numbers: countText(count) + shareOf(i),
        }))}
      />
    ),
  };
}

function confusion({ confusion: matrix, classNames, mode }: Report): ReportFigure | null {
  if (matrix.counts.length === 0) return null;
  const nameOf = (wnid: string) => classNames[wnid] ?? wnid;
  const [top] = matrix.counts.toSorted((a, b) => b.photos - a.photos);
  const most =
    top === undefined
      ? ''
      : ` Most often ${nameOf(top.wnid)} is taken for ${nameOf(top.predictedWnid)}: ${countOf(top.photos, 'photo')}.`;
  return {
    name: 'confusion',
    title: 'What is taken for what',
    text: `Photos fill ${countText(matrix.cells)} of ${countText(matrix.possible)} cells (${percentText(matrix.density)}), with an entropy of ${decimalText(matrix.entropy)} bits.${most}`,
    note: '',
    table: 'confusion',
    draw: (frame) => (
      <Matrix
        frame={frame}
        cells={matrix.counts.map((cell) => ({ row: cell.wnid, column: cell.predictedWnid, count: cell.photos }))}
        nameOf={nameOf}
        rows={REPORT_TEXTS[mode].rows}
        columns="taken for"
      />
    ),
  };
}

const CENTRES = [4, 9];

function cropFigures({ crops }: Report): ReportFigure[] {
  return crops.models
    .filter(({ photos }) => photos > 0)
    .map(({ model, photos, crops: ten, isMember }, i) => {
      const most = Math.max(...ten.map(({ closest }) => closest), 1);
      const centre = CENTRES.reduce((sum, crop) => sum + (ten[crop]?.closest ?? 0), 0);
      return {
        name: `crops-${i + 1}`,
        title: `Ten crops, ${model}${isMember ? ', member' : ''}`,
        note: 'In each place: mean p of the searched class, and the share of photos on which this crop has the highest.',
        text: `On ${countOf(photos, 'photo')} the two centre crops come closest on ${shareText(centre, photos)}; without a bias it would be 20.0 %.`,
        table: 'crops',
        draw: (frame) => (
          <TenCrops
            frame={frame}
            crops={ten.map(({ trueProb, closest }) => ({
              value: `p ${probabilityText(trueProb)}`,
              share: shareText(closest, photos),
              weight: closest / most,
            }))}
          />
        ),
      };
    });
}

const MOST_BARS = 12;

function tallies({ tags, licences, sources, set: { photos: whole } }: Report): (ReportFigure | null)[] {
  const ofTags = tags.map(({ tag, photos }) => [tagText(tag), photos] as const);
  const ofLicences = licences.map(({ licence, photos }) => [licence, photos] as const);
  const ofSources = sources.map(({ source, photos }) => [source, photos] as const);
  return [
    tally({ name: 'tags', title: 'Failure modes that reviewers named', whole, rows: ofTags }),
    tally({ name: 'licences', title: 'Licences', whole, rows: ofLicences }),
    tally({ name: 'sources', title: 'Sources', whole, rows: ofSources }),
  ];
}

interface Tally {
  readonly name: 'tags' | 'licences' | 'sources';
  readonly title: string;
  readonly whole: number;
  readonly rows: readonly (readonly [key: string, photos: number])[];
}

function tally({ name, title, whole, rows }: Tally): ReportFigure | null {
  if (rows.length === 0) return null;
  const sorted = rows.toSorted(([, a], [, b]) => b - a);
  const numbers = (photos: number) => `${countText(photos)}, ${shareText(photos, whole)}`;
  const rest = sorted.length - MOST_BARS;
  const more = rest > 0 ? ` ${countText(rest)} more are in the table.` : '';
  return {
    name,
    title,
    text: `Of ${countOf(whole, 'photo')}: ${listText(sorted.slice(0, 5).map(([key, photos]) => `${key} ${numbers(photos)}`))}.${more}`,
    note: rest > 0 ? `The ${countText(MOST_BARS)} most frequent of ${countText(sorted.length)}.` : '',
    table: name,
    draw: (frame) => (
      <Bars
        frame={frame}
        rows={sorted
          .slice(0, MOST_BARS)
          .map(([key, photos]) => ({ label: key, value: photos, numbers: numbers(photos) }))}
      />
    ),
  };
}

const MOST_ROWS = 12;
const ACCEPTANCE_TITLES = {
  source: 'Accepted by source',
  score: 'Accepted by score',
  class: 'Accepted by class',
} as const;

function acceptance(report: Report, by: AcceptanceRow['by']): ReportFigure | null {
  const rows = report.acceptance.filter((row) => row.by === by && row.accepted + row.rejected > 0);
  if (rows.length === 0) return null;
  const nameOf = by === 'class' ? (key: string) => report.classNames[key] ?? key : (key: string) => key;
  // Scores stay in their order; of many classes the ends are shown.
  const sorted = by === 'score' ? rows : rows.toSorted((a, b) => (a.share ?? 0) - (b.share ?? 0));
  const shown =
    sorted.length <= MOST_ROWS ? sorted : [...sorted.slice(0, MOST_ROWS / 2), ...sorted.slice(-MOST_ROWS / 2)];
  const told = (row: AcceptanceRow) =>
    `${nameOf(row.key)} ${percentText(row.share)} of ${countOf(row.accepted + row.rejected, 'photo')}`;
  const [first, last] = [shown[0], shown.at(-1)];
  const ends = first === undefined || last === undefined || first === last ? '' : `, up to ${told(last)}`;
  const cut =
    shown.length === sorted.length
      ? ''
      : ` The ${MOST_ROWS / 2} lowest and highest of ${countText(sorted.length)} are shown.`;
  return {
    name: `acceptance-${by}`,
    title: ACCEPTANCE_TITLES[by],
    text: `${first === undefined ? '' : told(first)}${ends}.`,
    note: `The bands are Wilson 95 % intervals.${cut}`,
    table: 'acceptance',
    draw: (frame) => (
      <Estimates
        frame={frame}
        axis="accepted, % of judged photos"
        rows={shown.map((row) => ({
          label: nameOf(row.key),
          numbers: `${countText(row.accepted)} of ${countText(row.accepted + row.rejected)}, ${rangeText(row) ?? percentText(row.share)}`,
          main: { ...row, value: row.share },
          colour: 'searched',
        }))}
      />
    ),
  };
}
