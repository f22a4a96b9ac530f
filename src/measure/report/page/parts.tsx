/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import type { TableName } from '../tables.ts';
import { countText } from '../../../core/kernel/texts.ts';
import { SECTION_TITLES, type Caution, type SectionName } from './cautions.ts';
import type { MarkedModel } from './models.ts';
import type { LinkDetails, LinkKind, OfPage, ReportFigure } from './context.ts';

interface SectionProps extends OfPage {
  readonly name: SectionName;
  readonly children: ComponentChildren;
}

export function Section({ name, context, children }: SectionProps) {
  return (
    <section id={name} aria-labelledby={`${name}-title`}>
      <h2 id={`${name}-title`}>{SECTION_TITLES[name]}</h2>
      {context.cautions
        .filter(({ section }) => section === name)
        .map((caution) => (
          <CautionText key={caution.text} caution={caution} />
        ))}
      {children}
    </section>
  );
}

function CautionText({ caution: { text, command } }: { readonly caution: Caution }) {
  return (
    <p class="caution">
      <b>Caution</b> {text} {command === null ? null : <code>{command}</code>}
    </p>
  );
}

export function Plots({ names, context }: OfPage & { readonly names: readonly string[] }) {
  const shown = names.map(context.figure).filter((one) => one !== null);
  if (shown.length === 0) return null;
  return (
    <div class="plots">
      {shown.map((one) => (
        <Plot key={one.name} figure={one} context={context} />
      ))}
    </div>
  );
}

function Plot({ figure, context: { csv, figureFile } }: OfPage & { readonly figure: ReportFigure }) {
  const { name, title, text, note, table, draw } = figure;
  const file = figureFile(name);
  return (
    <figure class="plot" id={`figure-${name}`}>
      <figcaption>{title}</figcaption>
      {draw({ id: `figure-${name}`, title, text })}
      <p class="says">
        {note}{' '}
        <span class="files">
          <a href={csv(table)} aria-label={`CSV of ${title}`}>
            CSV
          </a>
          {file === null ? null : (
            <a href={file} aria-label={`SVG of ${title}`}>
              SVG
            </a>
          )}
        </span>
      </p>
    </figure>
  );
}

interface CountProps extends OfPage {
  readonly count: number;
  readonly of: readonly [kind: LinkKind, key: string, details?: LinkDetails];
  readonly table: TableName;
}

export function Count({ context: { linkOf, csv }, count, of: [kind, key, details], table }: CountProps) {
  return <a href={linkOf(kind, key, details) ?? csv(table)}>{countText(count)}</a>;
}

export function To({ href, children }: { readonly href: string | null; readonly children: ComponentChildren }) {
  return href === null ? <>{children}</> : <a href={href}>{children}</a>;
}

/** A heading, and the cell of each row below it. */
export type Column<Row> = readonly [heading: string, cellOf: (row: Row) => ComponentChildren];

interface TableProps<Row> {
  readonly caption: string;
  readonly rows: readonly Row[];
  /** The first one has the heads of the rows. `false` is a column that this report lacks. */
  readonly columns: readonly (Column<Row> | false)[];
  /** The address of its file. */
  readonly csv?: string;
  readonly isWide?: boolean;
}

const MOST_ROWS = 12;

/** Long tables are folded. A table without rows is left out. */
export function Table<Row>({ caption, rows, csv, isWide = false, ...props }: TableProps<Row>) {
  if (rows.length === 0) return null;
  const isFolded = rows.length > MOST_ROWS;
  const columns = props.columns.filter((column) => column !== false);
  const table = (
    <>
      <table class={isWide ? 'wide' : undefined}>
        <caption class={isFolded ? 'unseen' : undefined}>{caption}</caption>
        <thead>
          <tr>
            {columns.map(([heading]) => (
              <th key={heading} scope="col">
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            // oxlint-disable-next-line react/no-array-index-key -- a row is its place
            <TableRow key={i} row={row} columns={columns} />
          ))}
        </tbody>
      </table>
      {csv === undefined ? null : <CsvLink href={csv} of={caption} />}
    </>
  );
  if (!isFolded) return <div class="tabled">{table}</div>;
  return (
    <details class="tabled">
      <summary>
        {caption} <small>{countText(rows.length)} rows</small>
      </summary>
      {table}
    </details>
  );
}

function TableRow<Row>({ row, columns }: { readonly row: Row; readonly columns: readonly Column<Row>[] }) {
  return (
    <tr>
      {columns.map(([heading, cellOf], i) =>
        i === 0 ? (
          <th key={heading} scope="row">
            {cellOf(row)}
          </th>
        ) : (
          <td key={heading} data-title={heading}>
            {cellOf(row)}
          </td>
        ),
      )}
    </tr>
  );
}

export function CsvLink({ href, of }: { readonly href: string; readonly of: string }) {
  return (
    <p class="files">
      <a href={href} aria-label={`CSV of ${of}`}>
        CSV
      </a>
    </p>
  );
}

export function Nothing({ children }: { readonly children: ComponentChildren }) {
  return <p class="nothing-yet">{children}</p>;
}

interface ClassNameProps extends OfPage {
  readonly wnid: string;
  readonly kind: 'searched' | 'predicted';
}

export function ClassName({ context, wnid, kind }: ClassNameProps) {
  return <bdi class={kind}>{context.nameOf(wnid)}</bdi>;
}

type ConfusionProps = OfPage & { readonly wnid: string; readonly predictedWnid: string };

/** The class that photos were searched as, and the class that they are taken for. */
export function Confusion({ context, wnid, predictedWnid }: ConfusionProps) {
  return (
    <>
      <ClassName context={context} wnid={wnid} kind="searched" /> →{' '}
      <ClassName context={context} wnid={predictedWnid} kind="predicted" />
    </>
  );
}

export function ModelName({ model, isMember }: { readonly model: string; readonly isMember: boolean }) {
  return (
    <>
      {model} {isMember ? <small>member</small> : null}
    </>
  );
}

export const MODEL_COLUMN: Column<MarkedModel> = [
  'model',
  ({ model, letter }) => (
    <>
      <span class="letter">{letter}</span> {model.model}{' '}
      {model.isMember ? <small>member</small> : model.sharesBackbone ? <small>over a member’s backbone</small> : null}
    </>
  ),
];
