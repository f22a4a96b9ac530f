/** @jsxRuntime automatic @jsxImportSource preact */
import type { VNode } from 'preact';
import type { TableName } from '../tables.ts';
import type { ChartFrame } from '../../page/charts/chart.tsx';

export interface ReportFigure {
  /** The name of its files, without an extension: lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly title: string;
  /** The text alternative: one sentence with the main numbers. */
  readonly text: string;
  /** How to read the chart; '' if no note is needed. */
  readonly note: string;
  readonly table: TableName;
  readonly draw: (frame: ChartFrame) => VNode;
}

interface PlotProps {
  readonly figure: ReportFigure | null;
  readonly csv: (table: TableName) => string;
  readonly figureFile: (name: string) => string | null;
}

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
