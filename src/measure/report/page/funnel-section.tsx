/** @jsxRuntime automatic @jsxImportSource preact */
import type { Totals } from '../../../core/kernel/funnel.ts';
import { FunnelBars } from '../../../core/page/funnel.tsx';
import { stagesOf } from '../../../core/page/stages.ts';
import { countText, shareText } from '../../../core/kernel/texts.ts';
import type { LinkDetails, ReportContext, SectionOf } from './context.ts';
import { CsvLink, Nothing, Section, Table, To, type TableRow } from './parts.tsx';
import { NOTHING, percentText, spanText } from './texts.ts';
import { SUBJECTS } from '../../../core/kernel/mode.ts';

export function FunnelSection({ context, title }: SectionOf) {
  const { funnel } = context.report;
  const { totals, durations } = funnel;
  if (totals.found === 0) {
    return (
      <Section name="funnel" title={title} context={context}>
        <Nothing>No photo has been found yet.</Nothing>
      </Section>
    );
  }
  return (
    <Section name="funnel" title={title} context={context}>
      <div class="pair">
        <div>
          <FunnelBars
            stages={stagesOf(totals).map((stage) => ({
              ...stage,
              href: context.linkOf('stage', stage.name) ?? context.csv('funnel'),
            }))}
          />
          <CsvLink href={context.csv('funnel')} of="the funnel" />
        </div>
        <Table
          caption="How long it took"
          columns={['stage', 'results', 'from first to last']}
          csv={context.csv('durations')}
          rows={durations.map(({ stage, results, first, last }) => ({
            key: stage,
            head: stage,
            cells: [countText(results), spanText(first, last)],
          }))}
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

const COLUMNS = ['found', 'fetched', 'kept', 'yield', 'listed', 'accepted'];

/** The counts of a class or source, linked to their photos where a page shows them; no links if `of` is null. */
function stageCells(
  { linkOf }: ReportContext,
  { found, fetched, decided, shortlisted, selected }: Totals,
  of: readonly ['class' | 'source', string] | null,
): TableRow['cells'] {
  const cell = (stage: NonNullable<LinkDetails['stage']>, count: number) => (
    <To key={stage} href={of === null || count === 0 ? null : linkOf(...of, { stage })}>
      {countText(count)}
    </To>
  );
  return [
    cell('found', found),
    cell('fetched', fetched),
    cell('kept', decided.kept),
    shareText(decided.kept, fetched),
    cell('listed', shortlisted),
    cell('accepted', selected),
  ];
}

function Sources({ context }: Pick<SectionOf, 'context'>) {
  const { sources } = context.report.funnel;
  return (
    <Table
      caption="By source"
      columns={['source', ...COLUMNS]}
      csv={context.csv('funnel-sources')}
      rows={sources.map((row) => ({
        key: row.source,
        head: row.source,
        cells: stageCells(context, row, ['source', row.source]),
      }))}
    />
  );
}

function Classes({ context }: Pick<SectionOf, 'context'>) {
  const { classes } = context.report.funnel;
  return (
    <Table
      caption={`By ${SUBJECTS[context.report.mode].one}`}
      columns={['class', ...COLUMNS]}
      csv={context.csv('funnel-classes')}
      rows={classes
        .filter(({ found }) => found > 0)
        .map((row) => ({
          key: row.wnid ?? '',
          head: <bdi>{row.name}</bdi>,
          cells: stageCells(context, row, row.wnid === null ? null : ['class', row.wnid]),
        }))}
    />
  );
}

/** Only the queries with the best yields are shown; the CSV file has all. */
const MOST_QUERIES = 60;

function Queries({ context }: Pick<SectionOf, 'context'>) {
  const { queries } = context.report.funnel;
  const best = queries
    .filter(({ fetched }) => fetched > 0)
    .toSorted((a, b) => b.kept - a.kept)
    .slice(0, MOST_QUERIES);
  return (
    <Table
      caption={
        best.length === queries.length
          ? 'By query'
          : `By query: the ${countText(best.length)} that gave most, of ${countText(queries.length)}`
      }
      columns={['query', 'source', 'results', 'fetched', 'kept', 'yield']}
      csv={context.csv('queries')}
      rows={best.map((row, i) => ({
        key: String(i),
        head: (
          <>
            <bdi>{row.title}</bdi> <small>{row.class}</small>
          </>
        ),
        cells: [
          row.source,
          row.total === null ? NOTHING : countText(row.total),
          countText(row.fetched),
          countText(row.kept),
          percentText(row.yield),
        ],
      }))}
    />
  );
}
