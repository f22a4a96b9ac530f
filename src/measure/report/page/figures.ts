import type { Report } from '../report.ts';
import type { ReportFigure } from './context.ts';
import { modelFigures } from './figures-models.tsx';
import { setFigures } from './figures-set.tsx';
import { plainReport } from './plain.ts';

export function reportFigures(report: Report): ReportFigure[] {
  const plain = plainReport(report);
  return [...modelFigures(plain), ...setFigures(plain)];
}
