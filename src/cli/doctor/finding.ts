import type { AuditResult } from '../../operate/upkeep/audit-rows.repository.ts';

/** One line of the doctor: what was checked, its state, and what to do. A note is information, not a fault. */
export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'note' | 'fail';
  readonly detail: string;
}

const LABELS = { ok: 'ok  ', note: 'note', fail: 'FAIL' } as const;

export function findingText({ name, state, detail }: Finding): string {
  return `${LABELS[state]} ${name}: ${detail}\n`;
}

const PROBLEMS_SHOWN = 5;

export function auditFinding({ name, checked, problems, awaited = 0 }: AuditResult): Finding {
  if (problems.length === 0 && awaited > 0)
    return { name, state: 'note', detail: `${checked} checked; the next crawl fetches ${awaited} again` };
  if (problems.length === 0) return { name, state: 'ok', detail: `${checked} checked` };
  const more = problems.length > PROBLEMS_SHOWN ? `; and ${problems.length - PROBLEMS_SHOWN} more` : '';
  return {
    name,
    state: 'fail',
    detail: `${problems.length} of ${checked}: ${problems.slice(0, PROBLEMS_SHOWN).join('; ')}${more}`,
  };
}
