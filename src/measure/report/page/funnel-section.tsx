/** @jsxRuntime automatic @jsxImportSource preact */
import type { Totals } from '../../../core/kernel/funnel.ts';
import { FunnelBars } from '../../../core/page/funnel.tsx';
import { stagesOf } from '../../../core/page/stages.ts';
import { countText, shareText } from '../../../core/kernel/texts.ts';
import type { LinkDetails, OfPage, ReportContext } from './context.ts';
import { CsvLink, Nothing, Section, Table, To, type Column } from './parts.tsx';
import { NOTHING, percentText, spanText } from './texts.ts';
import { SUBJECTS } from '../../../core/kernel/mode.ts';

export function FunnelSection({ context }: OfPage) {
  const { report, linkOf, csv } = context;
  const { totals, durations } = report.funnel;
  if (totals.found === 0) {
    return (
      <Section context={context} name="funnel">
        <Nothing>No photo has been found yet.</Nothing>
      </Section>
    );
  }
  return (
    <Section context={context} name="funnel">
      <div class="pair">
        <div>
          <FunnelBars
            stages={stagesOf(totals).map((stage) => ({
              ...stage,
              href: linkOf('stage', stage.name) ?? csv('funnel'),
            }))}
          />
          <CsvLink href={context.csv('funnel')} of="the funnel" />
        </div>
        <Table
          caption="How long it took"
          csv={context.csv('durations')}
          rows={durations}
          columns={[
            ['stage', ({ stage }) => stage],
            ['results', ({ results }) => countText(results)],
            ['from first to last', ({ first, last }) => spanText(first, last)],
          ]}
        />
      </div>
      <div class="tables">
        <Classes context={context} />
        <div>
          <Sources context={context} />
          <Queries context={context} />
        </div>
      </div>
    </Section>
  );
}

/** The counts of a class or source, linked to their photos where a page shows them; no links if its `key` is null. */
function stageColumns<Row extends Totals>(
  { linkOf }: ReportContext,
  kind: 'class' | 'source',
  keyOf: (row: Row) => string | null,
): readonly Column<Row>[] {
  const column = (stage: NonNullable<LinkDetails['stage']>, countOf: (row: Row) => number): Column<Row> => [
    stage,
    (row) => {
      const [key, count] = [keyOf(row), countOf(row)];
      return <To href={key === null || count === 0 ? null : linkOf(kind, key, { stage })}>{countText(count)}</To>;
    },
  ];
  return [
    column('found', ({ found }) => found),
    column('fetched', ({ fetched }) => fetched),
    column('kept', ({ decided }) => decided.kept),
    ['yield', ({ decided, fetched }) => shareText(decided.kept, fetched)],
    column('listed', ({ shortlisted }) => shortlisted),
    column('accepted', ({ selected }) => selected),
  ];
}

function Sources({ context }: OfPage) {
  const { sources } = context.report.funnel;
  const columns = stageColumns<(typeof sources)[number]>(context, 'source', ({ source }) => source);
  return (
    <Table
      caption="By source"
      csv={context.csv('funnel-sources')}
      rows={sources}
      columns={[['source', ({ source }) => source], ...columns]}
    />
  );
}

function Classes({ context }: OfPage) {
  const { mode, funnel } = context.report;
  const columns = stageColumns<(typeof funnel.classes)[number]>(context, 'class', ({ wnid }) => wnid);
  return (
    <Table
      caption={`By ${SUBJECTS[mode].one}`}
      csv={context.csv('funnel-classes')}
      rows={funnel.classes.filter(({ found }) => found > 0)}
      columns={[['class', ({ name }) => <bdi>{name}</bdi>], ...columns]}
    />
  );
}

/** Only the queries with the best yields are shown; the CSV file has all. */
const MOST_QUERIES = 60;

function Queries({ context }: OfPage) {
  const { queries } = context.report.funnel;
  const best = queries
    .filter(({ fetched }) => fetched > 0)
    .toSorted((a, b) => b.kept - a.kept)
    .slice(0, MOST_QUERIES);
  const which =
    best.length === queries.length
      ? ''
      : `: the ${countText(best.length)} that gave most, of ${countText(queries.length)}`;
  return (
    <Table
      caption={`By query${which}`}
      csv={context.csv('queries')}
      rows={best}
      columns={[
        [
          'query',
          (row) => (
            <>
              <bdi>{row.title}</bdi> <small>{row.class}</small>
            </>
          ),
        ],
        ['source', ({ source }) => source],
        ['results', ({ total }) => (total === null ? NOTHING : countText(total))],
        ['fetched', ({ fetched }) => countText(fetched)],
        ['kept', ({ kept }) => countText(kept)],
        ['yield', (row) => percentText(row.yield)],
      ]}
    />
  );
}
