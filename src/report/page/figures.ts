import type { Report } from '../report.ts';
import type { ReportFigure } from './context.ts';
import { modelFigures } from './figures-models.tsx';
import { setFigures } from './figures-set.tsx';
import { plainReport } from './plain.ts';

/** The charts of a report that have something to show, in the order of the page. */
export function reportFigures(report: Report): ReportFigure[] {
  const plain = plainReport(report);
  return [...modelFigures(plain), ...setFigures(plain)];
}
