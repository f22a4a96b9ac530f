/** @jsxRuntime automatic @jsxImportSource preact */
import type { VNode } from 'preact';
import type { TableName } from '../tables.ts';
import type { ChartFrame } from '../../page/charts/chart.tsx';

/** A chart of the report, on the page and as a file. */
export interface ReportFigure {
  /** The name of its files, without an extension: lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly title: string;
  /** The text alternative: one sentence with the main numbers. */
  readonly text: string;
  /** How to read the chart; '' if no note is needed. */
  readonly note: string;
  /** The table with the chart's data. */
  readonly table: TableName;
  readonly draw: (frame: ChartFrame) => VNode;
}

interface PlotProps {
  readonly figure: ReportFigure | null;
  readonly csv: (table: TableName) => string;
  readonly figureFile: (name: string) => string | null;
}

/** A chart with its title, text alternative and links to its table and file; nothing if `figure` is null. */
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
