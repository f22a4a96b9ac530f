import { DECISION_COLUMNS, SPLIT } from '../forms/decisions-csv.ts';
import { EXPORT_REASONS, type Protocol } from '../protocol.ts';
import { acceptanceOf, Inspection } from '../../review/acceptance/acceptance.ts';
import { REVIEW_VERDICTS } from '../../review/events/event.ts';
import { alsoOf, stateOf, VERDICT_STATES } from '../../review/events/verdict.ts';
import type { PhotoRow } from '../select/photo-row.ts';
import type { Split } from '../select/select.ts';
import type { ExportContent } from './content.process.ts';
import { csvRecords, type CsvRecord } from './csv.process.ts';
import { DECISIONS } from '../layout.ts';
import { differences, increase } from './tally.ts';
import { checking } from './findings.ts';

type Decision = ReturnType<typeof decisionOf>;

const COMPARED = [
  'sha256',
  'wnid',
  'state',
  'exported',
  'left_out_reason',
  'decided_by',
  'reviewer',
  'predicted_wnid',
  'predicted_prob',
  'max_true_prob',
];

/**
 * Compares decisions.csv, which has a line for each review, with the rows and with the reasons in protocol.json.
 * `isOwn`: this version wrote it. Otherwise it may lack columns that are not compared.
 */
export async function checkDecisions(content: ExportContent, isOwn: boolean): Promise<void> {
  const { folder, findings, rows, controls, protocol } = content;
  await checking(content, { check: 'metadata', file: DECISIONS }, async () => {
    const exported = { test: new Set<number>(), control: new Set<number>() };
    const ofControls = new Map<string, number>();
    const reasons = new Map<string, number>();
    const inspection = new ExportedInspection(protocol.review);
    let previous: Decision | null = null;
    for await (const record of csvRecords(folder.chunks(DECISIONS), columnsOf(protocol, isOwn))) {
      const decision = decisionOf(record);
      inspection.addLine(record, decision.split === 'test');
      const file = `${DECISIONS}:${record.line}`;
      const { reviewer = '' } = record.cells;
      if (!/^(?:[A-Z]{1,3}|R\d+)?$/.test(reviewer))
        findings.breach('metadata', file, `Expected a letter such as A but received '${reviewer}'`);
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
      if (decision.split === 'control') increase(ofControls, decision.state);
      else if (decision.exported === NO) increase(reasons, decision.reason);
    }
    for (const name of [...rows.without(exported.test), ...controls.without(exported.control)])
      findings.breach('metadata', DECISIONS, `Expected an exported line for each photo but '${name}' has none`);
    const stated = protocol.leftOut.map(({ reason, count }) => [reason, count] as const);
    findings.breaches('count', 'protocol.json', differences('photos left out as', stated, reasons));
    findings.breaches('count', 'protocol.json', inspection.problems(protocol, isOwn));
    findings.breaches('metadata', DECISIONS, inspection.verdictProblems);
    findings.breaches('count', 'protocol.json', controlProblems(protocol, ofControls));
  });
}

function columnsOf({ review, control }: Protocol, isOwn: boolean): string[] {
  const hasAlso = review.alsoPhotos !== undefined;
  const own = hasAlso ? DECISION_COLUMNS : DECISION_COLUMNS.filter((column) => !column.endsWith('also_wnids'));
  return [...(isOwn ? own : COMPARED), ...(control === undefined ? [] : [SPLIT])];
}

function controlProblems({ control }: Protocol, states: ReadonlyMap<string, number>): string[] {
  if (control === undefined) return [];
  return (['accepted', 'rejected'] as const).flatMap((state) => {
    const count = states.get(state) ?? 0;
    return control[state] === count
      ? []
      : [`Expected ${count} ${state} controls, as decisions.csv has them, but received ${control[state]}`];
  });
}

/** Computes the label error, and the states and further classes of photos, again from the lines of decisions.csv. */
class ExportedInspection {
  readonly #inspection: Inspection;
  readonly verdictProblems: string[] = [];
  #photo = '';
  #isOfSet = true;
  #lines: CsvRecord['cells'][] = [];

  constructor({ acceptance }: Protocol['review']) {
    this.#inspection = new Inspection({ isEarlier: acceptance?.looks === undefined });
  }

  /** @param isOfSet false for a control, which is not inspected */
  addLine({ cells }: CsvRecord, isOfSet: boolean): void {
    const photo = `${cells['sha256']} ${cells['wnid']}`;
    if (photo !== this.#photo) this.#endPhoto();
    this.#photo = photo;
    this.#isOfSet = isOfSet;
    this.#lines.push(cells);
  }

  #endPhoto(): void {
    const [cells] = this.#lines;
    if (cells !== undefined && this.#isOfSet) {
      this.#inspection.add({
        sha256: cells['sha256'] ?? '',
        wnid: cells['wnid'] ?? '',
        state: VERDICT_STATES.find((state) => state === cells['state']) ?? 'unreviewed',
        decidedBy: cells['decided_by'] === 'adjudication' ? 'adjudication' : null,
        isListed: cells['rank'] !== '',
        chance: cells['draw_chance'] ? Number(cells['draw_chance']) : null,
        reviews: this.#lines.flatMap((line) => {
          const verdict = verdictIn(line['verdict']);
          return verdict === null ? [] : [{ verdict, blindVerdict: verdictIn(line['blind_verdict']) }];
        }),
      });
    }
    this.#addVerdictProblems();
    this.#lines = [];
  }

  #addVerdictProblems(): void {
    const [cells] = this.#lines;
    if (cells?.['verdict'] === undefined) return;
    const isSettled = cells['decided_by'] === 'adjudication';
    const reviews = this.#lines.flatMap((line) => {
      const verdict = verdictIn(line['verdict']);
      const alsoWnids = line['reviewer_also_wnids']?.split('|').filter((wnid) => wnid !== '') ?? [];
      return verdict === null ? [] : [{ verdict, alsoWnids }];
    });
    const computedState = stateOf(reviews.map(({ verdict }) => verdict));
    // The person who settled a dispute need not be among the reviews.
    const state = VERDICT_STATES.find((one) => isSettled && one === cells['state']) ?? computedState;
    if (state !== cells['state'])
      this.verdictProblems.push(
        `Expected the state '${state}' of ${this.#photo}, as its reviews give it, but received '${cells['state']}'`,
      );
    const computed = alsoOf(reviews, state).join('|');
    if (cells['also_wnids'] !== undefined && computed !== cells['also_wnids'])
      this.verdictProblems.push(
        `Expected the also_wnids '${computed}' of ${this.#photo}, as its reviews give them, but received '${cells['also_wnids']}'`,
      );
  }

  problems({ review: { acceptance: stated, alsoPhotos } }: Protocol, isOwn: boolean): string[] {
    this.#endPhoto();
    if (isOwn && alsoPhotos === undefined) return ['Expected review.alsoPhotos but it is missing'];
    if (stated === undefined) return isOwn ? ['Expected review.acceptance but it is missing'] : [];
    if (isOwn && stated.looks === undefined) return ['Expected review.acceptance.looks but it is missing'];
    const computed = acceptanceOf(this.#inspection, stated);
    const keys = stated.looks === undefined ? KEYS : [...KEYS, ...LOOK_KEYS];
    return keys.flatMap((key) =>
      isClose(stated[key] ?? null, computed[key])
        ? []
        : [
            `Expected review.acceptance.${key} ${computed[key]}, as decisions.csv gives it, but received ${stated[key]}`,
          ],
    );
  }
}

const verdictIn = (text: string | undefined) => REVIEW_VERDICTS.find((verdict) => verdict === text) ?? null;

const KEYS = [
  'accepted',
  'sampled',
  'wrong',
  'unsettled',
  'pending',
  'labelError',
  'labelErrorLow',
  'labelErrorHigh',
  'state',
  'morePhotos',
] as const;
const LOOK_KEYS = ['unfinished', 'inspectedBefore', 'look'] as const;

function isClose(one: number | string | null, other: number | string | null): boolean {
  return typeof one === 'number' && typeof other === 'number' ? Math.abs(one - other) < 1e-9 : one === other;
}

const YES = 'yes';
const NO = 'no';

function decisionOf({ cells }: CsvRecord) {
  const {
    sha256 = '',
    wnid = '',
    state = '',
    exported = '',
    left_out_reason: reason = '',
    decided_by: decidedBy = '',
    split = 'test',
    rank = '',
    predicted_wnid: predicted = '',
  } = cells;
  const evidence = `${predicted} ${cells['predicted_prob']} ${cells['max_true_prob']}`;
  return {
    sha256,
    wnid,
    state,
    exported,
    reason,
    decidedBy,
    evidence,
    also: cells['also_wnids'],
    split,
    rank,
    predicted,
  };
}

function isSamePhoto(one: Decision | null, other: Decision): boolean {
  return one !== null && one.sha256 === other.sha256 && one.wnid === other.wnid;
}

async function decisionProblems(
  content: ExportContent,
  decision: Decision,
  seen: Readonly<Record<Split, Set<number>>>,
): Promise<string[]> {
  const { sha256, wnid, split } = decision;
  if (split !== 'test' && split !== 'control')
    return [`Expected the split 'test' or 'control' but received '${split}'`];
  const [rows, exported] = [split === 'control' ? content.controls : content.rows, seen[split]];
  const position = rows.positionOfHash(sha256);
  const found = position === undefined ? null : (await rows.at(position)).row;
  const row = found?.original_sha256 === sha256 && (found.searched_wnid ?? found.wnid) === wnid ? found : null;
  if (decision.exported === NO) return leftOutProblems(decision, row);
  if (row === null || position === undefined)
    return [`Expected a photo of ${rows.file} but ${sha256} of '${wnid}' is not there`];
  exported.add(position);
  return exportedProblems(decision, row);
}

function leftOutProblems({ reason, split, rank, predicted, sha256, wnid }: Decision, row: PhotoRow | null): string[] {
  return [
    split === 'control' &&
      !(rank === '' && ['', wnid].includes(predicted)) &&
      `Expected a control to have no rank, and '${wnid}' as its prediction, but ${sha256} has '${rank}' and '${predicted}'`,
    row !== null &&
      `Expected '${YES}' for exported, because ${row?.file_name} is there, but received '${NO}' (${reason})`,
    !EXPORT_REASONS.some((known) => known === reason) &&
      `Expected one of the reasons ${EXPORT_REASONS.join(', ')} but received '${reason}'`,
  ].filter((problem) => problem !== false);
}

function exportedProblems({ exported, state, reason, decidedBy, evidence, also }: Decision, row: PhotoRow): string[] {
  const file = `${row.split ?? 'test'}/metadata.jsonl`;
  return [
    exported !== YES && `Expected '${YES}' or '${NO}' for exported but received '${exported}'`,
    state !== 'accepted' && `Expected the state 'accepted' of an exported photo but received '${state}'`,
    reason !== '' && `Expected no left_out_reason of an exported photo but received '${reason}'`,
    decidedBy !== row.decided_by &&
      `Expected decided_by '${row.decided_by}', as in ${file}, but received '${decidedBy}'`,
    also !== row.also_wnids?.join('|') &&
      `Expected the also_wnids '${row.also_wnids?.join('|')}', as in ${file}, but received '${also}'`,
    evidence !== evidenceOf(row) &&
      `Expected the prediction '${evidenceOf(row)}', as in ${file}, but received '${evidence}'`,
  ].filter((problem) => problem !== false);
}

function evidenceOf({ predicted_wnid, predicted_prob, max_true_prob }: PhotoRow): string {
  return `${predicted_wnid} ${predicted_prob} ${max_true_prob ?? ''}`;
}
