import { readState } from './catalogue-facts.repository.ts';
import { REPORT_FORMAT, type CatalogueState } from './report.ts';
import { readReport, type ReportInputs, type StoredReport } from './stored-report.repository.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';

export interface ShownReport extends StoredReport {
  readonly changes: string | null;
}

/** Null without a report, and for one in the format of another version. */
export async function readShownReport({ app, scope }: Workspace): Promise<ShownReport | null> {
  const stored = await readReport(app.db, scope);
  if (stored?.report.format !== REPORT_FORMAT) return null;
  const { state } = await readState(app.db, scope);
  return { ...stored, changes: changesText(stored.report.state, state) };
}

/** The flags with which `winnow report` makes the newest report again: the same folders, photos and models. */
export async function flagsOfReport({ app, scope }: Workspace): Promise<string[]> {
  const { clean, inDistribution, which, models, among }: Partial<ReportInputs> =
    (await readReport(app.db, scope))?.inputs ?? {};
  const flags = { clean, 'in-distribution': inDistribution, photos: which, models: models?.join(','), among };
  return Object.entries(flags).flatMap(([name, value]) => (value == null ? [] : [`--${name}=${value}`]));
}

/** `Since then: 3 decisions more, 12 actions of reviewers more.` */
function changesText(then: CatalogueState, now: CatalogueState): string | null {
  if (then.sha256 === now.sha256) return null;
  const counts = [
    countText(now.decisions - then.decisions, 'decision'),
    countText(now.listed - then.listed, 'listed photo'),
    countText(now.actions - then.actions, 'action of reviewers', 'actions of reviewers'),
  ].filter((text) => text !== '');
  if (counts.length === 0)
    return 'The candidates, the decisions, the shortlist, the exports or the quiz answers have changed.';
  return `Since then: ${counts.join(', ')}.`;
}

/** `12 actions of reviewers more`; empty for no change. */
function countText(change: number, one: string, many = `${one}s`): string {
  if (change === 0) return '';
  return `${Math.abs(change)} ${Math.abs(change) === 1 ? one : many} ${change > 0 ? 'more' : 'fewer'}`;
}
