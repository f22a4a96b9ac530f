/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import type { TableName } from '../tables.ts';
import { countText } from '../../../core/kernel/texts.ts';
import type { Caution, SectionName } from './cautions.ts';
import type { LinkDetails, LinkKind, ReportContext, ReportFigure } from './context.ts';

interface SectionProps {
  readonly name: SectionName;
  readonly title: string;
  readonly context: ReportContext;
  readonly children: ComponentChildren;
}

export function Section({ name, title, context, children }: SectionProps) {
  return (
    <section id={name} aria-labelledby={`${name}-title`}>
      <h2 id={`${name}-title`}>{title}</h2>
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

export function Plots({ context, names }: { readonly context: ReportContext; readonly names: readonly string[] }) {
  const shown = names.map((name) => context.figure(name)).filter((figure) => figure !== null);
  if (shown.length === 0) return null;
  return (
    <div class="plots">
      {shown.map((figure) => (
        <Plot key={figure.name} figure={figure} context={context} />
      ))}
    </div>
  );
}

function Plot({ figure, context }: { readonly figure: ReportFigure; readonly context: ReportContext }) {
  const { name, title, text, note, table, draw } = figure;
  const file = context.figureFile(name);
  return (
    <figure class="plot" id={`figure-${name}`}>
      <figcaption>{title}</figcaption>
      {draw({ id: `figure-${name}`, title, text })}
      <p class="says">
        {note}{' '}
        <span class="files">
          <a href={context.csv(table)} aria-label={`CSV of ${title}`}>
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

interface CountProps {
  readonly context: ReportContext;
  readonly count: number;
  readonly of: readonly [kind: LinkKind, key: string, details?: LinkDetails];
  readonly table: TableName;
}

export function Count({ context, count, of: [kind, key, details], table }: CountProps) {
  return <a href={context.linkOf(kind, key, details) ?? context.csv(table)}>{countText(count)}</a>;
}

export function To({ href, children }: { readonly href: string | null; readonly children: ComponentChildren }) {
  return href === null ? <>{children}</> : <a href={href}>{children}</a>;
}

export interface TableRow {
  readonly key: string;
  readonly head: ComponentChildren;
  readonly cells: readonly ComponentChildren[];
}

interface TableProps {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
  readonly csv?: string;
  readonly isWide?: boolean;
}

const MOST_ROWS = 12;

export function Table(props: TableProps) {
  const { caption, rows, csv } = props;
  if (rows.length === 0) return null;
  const link = csv === undefined ? null : <CsvLink href={csv} of={caption} />;
  if (rows.length <= MOST_ROWS) {
    return (
      <div class="tabled">
        <TableAlone {...props} />
        {link}
      </div>
    );
  }
  return (
    <details class="tabled">
      <summary>
        {caption} <small>{countText(rows.length)} rows</small>
      </summary>
      <TableAlone {...props} isFolded />
      {link}
    </details>
  );
}

function TableAlone({ caption, columns, rows, isWide = false, isFolded = false }: TableProps & { isFolded?: boolean }) {
  return (
    <table class={isWide ? 'wide' : undefined}>
      <caption class={isFolded ? 'unseen' : undefined}>{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, head, cells }) => (
          <tr key={key}>
            <th scope="row">{head}</th>
            {cells.map((cell, i) => (
              <td key={columns[i + 1]} data-title={columns[i + 1]}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
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

interface ClassNameProps {
  readonly context: ReportContext;
  readonly wnid: string;
  readonly kind: 'searched' | 'predicted';
}

export function ClassName({ context, wnid, kind }: ClassNameProps) {
  return <bdi class={kind}>{context.nameOf(wnid)}</bdi>;
}
