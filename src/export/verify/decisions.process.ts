import { EXPORT_REASONS } from '../protocol.ts';
import type { ExportContent } from './content.process.ts';
import { csvRecords, type CsvRecord } from './csv.process.ts';
import { DECISIONS } from './layout.ts';
import { differences } from './tally.ts';
import { checking } from './unreadable.ts';

const REQUIRED = ['wnid', 'sha256', 'state', 'exported', 'left_out_reason', 'decided_by', 'reviewer'];

/** What all lines of one photo and class say of it. */
interface Decision {
  readonly sha256: string;
  readonly wnid: string;
  readonly state: string;
  readonly exported: string;
  readonly reason: string;
  readonly decidedBy: string;
}

/**
 * Compares decisions.csv with the rows and with the reasons in protocol.json. It has a line for each review, and the lines
 * of a photo follow one another.
 */
export async function checkDecisions(content: ExportContent): Promise<void> {
  const { folder, findings, rows, protocol } = content;
  await checking(content, { check: 'metadata', file: DECISIONS }, async () => {
    const exported = new Set<number>();
    const reasons = new Map<string, number>();
    let previous: Decision | null = null;
    for await (const record of csvRecords(folder.chunks(DECISIONS), REQUIRED)) {
      const decision = decisionOf(record);
      const file = `${DECISIONS}:${record.line}`;
      const { reviewer = '' } = record.cells;
      if (!/^(?:R\d+)?$/.test(reviewer))
        findings.breach('metadata', file, `Expected a pseudonym such as R1 but received '${reviewer}'`);
      if (isSamePhoto(previous, decision)) {
        if (JSON.stringify(previous) !== JSON.stringify(decision))
          findings.breach(
            'metadata',
            file,
            'Expected the same outcome in all lines of a photo but it differs from the line before',
          );
        continue;
      }
      previous = decision;
      findings.breaches('metadata', file, await decisionProblems(content, decision, exported));
      if (decision.exported === NO) reasons.set(decision.reason, (reasons.get(decision.reason) ?? 0) + 1);
    }
    for (const name of rows.without(exported))
      findings.breach('metadata', DECISIONS, `Expected an exported line for each photo but '${name}' has none`);
    const stated = protocol.leftOut.map(({ reason, count }) => [reason, count] as const);
    findings.breaches('count', 'protocol.json', differences('photos left out as', stated, reasons));
  });
}

const YES = 'yes';
const NO = 'no';

function decisionOf({ cells }: CsvRecord): Decision {
  const {
    sha256 = '',
    wnid = '',
    state = '',
    exported = '',
    left_out_reason: reason = '',
    decided_by: decidedBy = '',
  } = cells;
  return { sha256, wnid, state, exported, reason, decidedBy };
}

function isSamePhoto(one: Decision | null, other: Decision): boolean {
  return one !== null && one.sha256 === other.sha256 && one.wnid === other.wnid;
}

/** @param exported gets the position of the row of an exported photo */
async function decisionProblems({ rows }: ExportContent, decision: Decision, exported: Set<number>): Promise<string[]> {
  const { sha256, wnid, state, reason, decidedBy } = decision;
  const position = rows.positionOfHash(sha256);
  const row = position === undefined ? null : (await rows.at(position)).row;
  const isRow = row?.original_sha256 === sha256 && (row.searched_wnid ?? row.wnid) === wnid;
  if (decision.exported === NO)
    return [
      isRow && `Expected '${YES}' for exported, because ${row.file_name} is there, but received '${NO}' (${reason})`,
      !EXPORT_REASONS.some((known) => known === reason) &&
        `Expected one of the reasons ${EXPORT_REASONS.join(', ')} but received '${reason}'`,
    ].filter((problem) => problem !== false);
  if (position !== undefined && isRow) exported.add(position);
  return [
    decision.exported !== YES && `Expected '${YES}' or '${NO}' for exported but received '${decision.exported}'`,
    !isRow && `Expected a photo of test/metadata.jsonl but ${sha256} of '${wnid}' is not there`,
    state !== 'accepted' && `Expected the state 'accepted' of an exported photo but received '${state}'`,
    reason !== '' && `Expected no left_out_reason of an exported photo but received '${reason}'`,
    isRow &&
      row.decided_by !== decidedBy &&
      `Expected decided_by '${row.decided_by}', as in test/metadata.jsonl, but received '${decidedBy}'`,
  ].filter((problem) => problem !== false);
}
