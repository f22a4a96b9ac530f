/** @jsxRuntime automatic @jsxImportSource preact */
import type { VNode } from 'preact';
import type { TableName } from '../../report/tables.ts';
import type { ChartFrame } from '../shared/charts/chart.tsx';

/** A chart of the report, on the page and as a file. */
export interface ReportFigure {
  /** The name of its files, without an extension: lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly title: string;
  /** What it shows, with the main numbers: the text alternative. */
  readonly text: string;
  /** How to read it; '' if that needs no words. */
  readonly note: string;
  /** The table that it is drawn from. */
  readonly table: TableName;
  readonly draw: (frame: ChartFrame) => VNode;
}

interface PlotProps {
  readonly figure: ReportFigure | null;
  readonly csv: (table: TableName) => string;
  readonly figureFile: (name: string) => string | null;
}

/** A chart with its title, its text alternative and the links to its table and file; nothing if there is no such chart. */
export function Plot({ figure, csv, figureFile }: PlotProps) {
  if (figure === null) return null;
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
