/** @jsxRuntime automatic @jsxImportSource preact */
import type { Report } from '../report.ts';
import { countOf, countText, oodListsText, shareText } from '../../../core/kernel/texts.ts';
import { ERROR_NAMES, labelErrorText } from '../../../core/kernel/acceptance.ts';
import { estimateOf } from '../../charts/estimate.ts';
import { SECTION_TITLES, type SectionName } from './cautions.ts';
import type { OfPage } from './context.ts';
import { bestOutsider, outsidersOf } from './models.ts';
import { To } from './parts.tsx';
import { acceptedOfCrawl, estimateText, NOTHING, percentText, rangeText, sampledText, timeText } from './texts.ts';
import { SUBJECTS, type Mode } from '../../../core/kernel/mode.ts';

const SHOWN_DIGITS = 12;
const WHICH = { accepted: 'accepted by reviewers', listed: 'on the shortlist', kept: 'kept by the filter' } as const;

export function Summary({ context }: OfPage) {
  const { report, linkOf, json, photosCsv } = context;
  const { set, revision } = report;
  return (
    <header class="summary">
      <p class="eyebrow">Report</p>
      <h1>
        <bdi>{report.collection}</bdi>
      </h1>
      <p class="lead">
        {countOf(set.photos, 'photo')} of {countOf(set.classes, SUBJECTS[report.mode].one, SUBJECTS[report.mode].many)},{' '}
        {WHICH[set.which]}; models choose among {countOf(report.among, 'class', 'classes')}
      </p>
      <dl class="big-numbers">
        {bigNumbers(report).map(({ name, value, note }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <b>{value}</b> <span>{note}</span>
            </dd>
          </div>
        ))}
      </dl>
      <p class="origin">
        Mode {report.mode}, catalogue as of <time dateTime={report.at}>{timeText(report.at)}</time>, state{' '}
        <code title={report.state.sha256}>{report.state.sha256.slice(0, SHOWN_DIGITS)}</code>,{' '}
        {revision === null ? (
          'no export has exactly these photos'
        ) : (
          <>
            revision{' '}
            <To href={linkOf('revision', revision)}>
              <code title={revision}>{revision.slice(0, SHOWN_DIGITS)}</code>
            </To>
          </>
        )}
        , winnow {report.winnow}, <a href={json}>report.json</a>
        {photosCsv === null ? null : (
          <>
            , <a href={photosCsv}>all kept photos as CSV</a>
          </>
        )}
      </p>
    </header>
  );
}

const DIFFICULTY: Readonly<Record<Mode, (report: Report) => BigNumber[]>> = { A: accuracy, O: detection };

interface BigNumber {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}

function bigNumbers(report: Report): BigNumber[] {
  const { funnel, labelError: inspection } = report;
  const { total } = funnel.yields;
  return [
    ...DIFFICULTY[report.mode](report),
    {
      name: 'kept by the filter, before review',
      value: shareText(total.kept, total.fetched),
      note: `${countText(total.kept)} of ${countOf(total.fetched, 'fetched photo')}`,
    },
    {
      name: `${ERROR_NAMES[report.mode].toLowerCase()}, by a blind second look`,
      value: percentText(inspection.labelError),
      note: labelErrorText(inspection) ?? 'no photo has a blind second verdict yet',
    },
  ];
}

function accuracy(report: Report): BigNumber[] {
  const best = bestOutsider(report);
  const isOnly = outsidersOf(report).length === 1;
  const name = `accuracy of the ${isOnly ? 'only measured' : 'best'} model that did not filter`;
  if (best === null) return [{ name, value: NOTHING, note: noOutsider(report) }];
  const range = rangeText(estimateOf(best, 'accuracy'));
  const fromClean = best.clean === null ? '' : `, ${percentText(best.clean)} on clean photos`;
  const onSet = {
    name,
    value: percentText(best.accuracy),
    note: `${best.model}${range === null ? '' : `, 95 % interval ${range}`}${fromClean}`,
  };
  return report.crawl === undefined ? [onSet] : [onSet, onCrawl(report.crawl, best.model)];
}

function onCrawl(crawl: NonNullable<Report['crawl']>, model: string): BigNumber {
  const name = 'its accuracy on the crawl of the classes with a listed photo';
  if ('reason' in crawl) return { name, value: NOTHING, note: crawl.reason };
  const estimate = crawl.models.find((one) => one.model === model);
  if (estimate === undefined || 'reason' in estimate)
    return { name, value: NOTHING, note: estimate?.reason ?? NOTHING };
  const base = `of the ${acceptedOfCrawl(crawl)} photos that people accept, ${sampledText(estimate)}`;
  const pair =
    'Classes without a listed photo, often the easier ones, are missing. The pair differs by filter, cap and class mix';
  return { name, value: percentText(estimate.accuracy), note: `${base}. ${pair}` };
}

function noOutsider({ leftOut, models }: Report): string {
  if (models.some(({ sharesBackbone }) => sharesBackbone)) return 'all such models share the backbone of a member';
  return leftOut.length === 0
    ? 'no such model was measured'
    : 'all such models were left out, for the reasons under Method';
}

function detection(report: Report): BigNumber[] {
  const name = 'AUROC of the best model that did not filter';
  const best = bestOutsider(report);
  if (best === null || best.ood === null)
    return [
      {
        name,
        value: NOTHING,
        note: report.inDistribution === null ? 'no photos in the distribution were given' : noOutsider(report),
      },
    ];
  const { ood, model } = best;
  const area = `95 % interval ${rangeText(estimateOf(ood, 'auroc'))}, chance ${percentText(ood.chance.auroc)}`;
  const precision = `AUPR ${estimateText(estimateOf(ood, 'aupr'))}, chance ${percentText(ood.chance.aupr)}`;
  return [{ name, value: percentText(ood.auroc), note: `${model}, ${area}. ${precision}; ${oodListsText(ood)}` }];
}

export function Contents({ context, names }: OfPage & { readonly names: readonly SectionName[] }) {
  return (
    <nav class="contents" aria-label="Sections">
      <ol>
        {names.map((name) => {
          const count = context.cautions.filter(({ section }) => section === name).length;
          return (
            <li key={name}>
              <a href={`#${name}`}>{SECTION_TITLES[name]}</a>{' '}
              {count === 0 ? null : <span class="warn">{countOf(count, 'caution')}</span>}
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
