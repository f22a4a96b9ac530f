import { DECISION_COLUMNS, SPLIT } from '../forms/decisions-csv.ts';
import { EXPORT_REASONS, type Protocol } from '../protocol.ts';
import { acceptanceOf, SecondPassSample } from '../../review/acceptance/acceptance.ts';
import { REVIEW_VERDICTS } from '../../review/events/event.ts';
import { alsoOf, stateOf, VERDICT_STATES } from '../../review/events/verdict.ts';
import type { PhotoRow } from '../select/photo-row.ts';
import type { Split } from '../select/select.ts';
import type { ExportContent } from './content.process.ts';
import { csvRecords, type CsvRecord } from './csv.process.ts';
import { DECISIONS, PROTOCOL } from '../layout.ts';
import { differences, increase } from './tally.ts';
import { checking, type Problems } from './findings.ts';

type Cells = CsvRecord['cells'];

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
/** Columns that all lines of a photo have alike. */
const OUTCOME = [...COMPARED.filter((column) => column !== 'reviewer'), 'also_wnids', 'split', 'rank'];

/**
 * Compares decisions.csv, which has a line for each review, with the rows and with the reasons in protocol.json.
 * `isOwn`: this version wrote it. Otherwise it may lack columns that are not compared.
 */
export async function checkDecisions(content: ExportContent, isOwn: boolean): Promise<void> {
  const { folder, findings, rows, controls, protocol } = content;
  await checking(content, { check: 'metadata', file: DECISIONS }, async (report) => {
    const exported = { test: new Set<number>(), control: new Set<number>() };
    const [ofControls, reasons] = [new Map<string, number>(), new Map<string, number>()];
    const inspection = new SecondPassSample({ isEarlier: protocol.review.acceptance?.looks === undefined });
    const verdictProblems: string[] = [];
    let photo: Cells[] = [];
    const endPhoto = (): void => {
      const [{ state = '', exported: isExported, left_out_reason: reason = '', split } = {}] = photo;
      if (split === 'control') increase(ofControls, state);
      else if (isExported === NO) increase(reasons, reason);
      inspect(photo, inspection);
      verdictProblems.push(...verdictProblemsOf(photo));
    };
    for await (const { line, cells } of csvRecords(folder.chunks(DECISIONS), columnsOf(protocol, isOwn))) {
      const { reviewer = '' } = cells;
      if (!/^(?:[A-Z]{1,3}|R\d+)?$/.test(reviewer))
        report([`Expected a letter such as A but received '${reviewer}'`], line);
      const [first] = photo;
      if (first !== undefined && nameOf(first) === nameOf(cells)) {
        photo.push(cells);
        if (OUTCOME.some((column) => first[column] !== cells[column]))
          report(['Expected the same outcome in all lines of a photo but it differs from the line before'], line);
        continue;
      }
      endPhoto();
      photo = [cells];
      report(await decisionProblems(content, cells, exported), line);
    }
    endPhoto();
    for (const name of [...rows.without(exported.test), ...controls.without(exported.control)])
      report([`Expected an exported line for each photo but '${name}' has none`]);
    const stated = protocol.leftOut.map(({ reason, count }) => [reason, count] as const);
    findings.breaches('count', PROTOCOL, differences('photos left out as', stated, reasons));
    findings.breaches('count', PROTOCOL, acceptanceProblems(protocol, inspection, isOwn));
    report(verdictProblems);
    findings.breaches('count', PROTOCOL, controlProblems(protocol, ofControls));
  });
}

const nameOf = ({ sha256, wnid }: Cells): string => `${sha256} ${wnid}`;

const nameOfRow = ({ original_sha256, searched_wnid, wnid }: PhotoRow): string =>
  `${original_sha256} ${searched_wnid ?? wnid}`;

function columnsOf({ review, control }: Protocol, isOwn: boolean): string[] {
  const hasAlso = review.alsoPhotos !== undefined;
  const own = hasAlso ? DECISION_COLUMNS : DECISION_COLUMNS.filter((column) => !column.endsWith('also_wnids'));
  return [...(isOwn ? own : COMPARED), ...(control === undefined ? [] : [SPLIT])];
}

function controlProblems({ control }: Protocol, states: ReadonlyMap<string, number>): Problems {
  if (control === undefined) return [];
  return (['accepted', 'rejected'] as const).map((state) => {
    const count = states.get(state) ?? 0;
    return (
      control[state] !== count &&
      `Expected ${count} ${state} controls, as decisions.csv has them, but received ${control[state]}`
    );
  });
}

/** Adds a photo to the computation of the label error. Controls are not inspected. */
function inspect(photo: readonly Cells[], inspection: SecondPassSample): void {
  const [cells] = photo;
  const isOfSet = (photo.at(-1)?.['split'] ?? 'test') === 'test';
  if (cells === undefined || !isOfSet) return;
  const { sha256 = '', wnid = '', state, decided_by: decidedBy, rank, draw_chance: chance } = cells;
  inspection.add({
    sha256,
    wnid,
    state: VERDICT_STATES.find((one) => one === state) ?? 'unreviewed',
    decidedBy: decidedBy === 'adjudication' ? decidedBy : null,
    isListed: rank !== '',
    chance: chance ? Number(chance) : null,
    reviews: photo.flatMap((line) => {
      const verdict = verdictIn(line['verdict']);
      return verdict === null ? [] : [{ verdict, blindVerdict: verdictIn(line['blind_verdict']) }];
    }),
  });
}

/** Computes the state and the further classes of a photo again from its lines. */
function verdictProblemsOf(photo: readonly Cells[]): string[] {
  const [cells] = photo;
  if (cells?.['verdict'] === undefined) return [];
  const { state: stated, also_wnids: also, decided_by: decidedBy } = cells;
  const reviews = photo.flatMap((line) => {
    const verdict = verdictIn(line['verdict']);
    const alsoWnids = line['reviewer_also_wnids']?.split('|').filter((wnid) => wnid !== '') ?? [];
    return verdict === null ? [] : [{ verdict, alsoWnids }];
  });
  // The person who settled a dispute need not be among the reviews.
  const settled = VERDICT_STATES.find((one) => decidedBy === 'adjudication' && one === stated);
  const state = settled ?? stateOf(reviews.map(({ verdict }) => verdict));
  const computed = alsoOf(reviews, state).join('|');
  const name = nameOf(cells);
  return [
    state !== stated && `Expected the state '${state}' of ${name}, as its reviews give it, but received '${stated}'`,
    also !== undefined &&
      computed !== also &&
      `Expected the also_wnids '${computed}' of ${name}, as its reviews give them, but received '${also}'`,
  ].filter((problem) => problem !== false);
}

function acceptanceProblems({ review }: Protocol, inspection: SecondPassSample, isOwn: boolean): Problems {
  const { acceptance: stated, alsoPhotos } = review;
  if (isOwn && alsoPhotos === undefined) return ['Expected review.alsoPhotos but it is missing'];
  if (stated === undefined) return [isOwn && 'Expected review.acceptance but it is missing'];
  if (isOwn && stated.looks === undefined) return ['Expected review.acceptance.looks but it is missing'];
  const computed = acceptanceOf(inspection, stated);
  const keys = stated.looks === undefined ? KEYS : [...KEYS, ...LOOK_KEYS];
  return keys.map(
    (key) =>
      !isClose(stated[key] ?? null, computed[key]) &&
      `Expected review.acceptance.${key} ${computed[key]}, as decisions.csv gives it, but received ${stated[key]}`,
  );
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

async function decisionProblems(
  { rows, controls }: ExportContent,
  cells: Cells,
  seen: Readonly<Record<Split, Set<number>>>,
): Promise<Problems> {
  const { sha256 = '', wnid, split = 'test' } = cells;
  if (split !== 'test' && split !== 'control')
    return [`Expected the split 'test' or 'control' but received '${split}'`];
  const index = { test: rows, control: controls }[split];
  const position = index.positionOfHash(sha256);
  const found = position === undefined ? null : (await index.at(position)).row;
  const row = found !== null && nameOfRow(found) === nameOf(cells) ? found : null;
  if (cells['exported'] === NO) return leftOutProblems(cells, row);
  if (row === null || position === undefined)
    return [`Expected a photo of ${index.file} but ${sha256} of '${wnid}' is not there`];
  seen[split].add(position);
  return exportedProblems(cells, row);
}

function leftOutProblems(cells: Cells, row: PhotoRow | null): Problems {
  const { left_out_reason: reason, split, rank = '', predicted_wnid: predicted = '', sha256, wnid = '' } = cells;
  return [
    split === 'control' &&
      !(rank === '' && ['', wnid].includes(predicted)) &&
      `Expected a control to have no rank, and '${wnid}' as its prediction, but ${sha256} has '${rank}' and '${predicted}'`,
    row !== null &&
      `Expected '${YES}' for exported, because ${row?.file_name} is there, but received '${NO}' (${reason})`,
    !EXPORT_REASONS.some((known) => known === reason) &&
      `Expected one of the reasons ${EXPORT_REASONS.join(', ')} but received '${reason}'`,
  ];
}

function exportedProblems(cells: Cells, row: PhotoRow): Problems {
  const { exported, state, left_out_reason: reason, decided_by: decidedBy, also_wnids: also } = cells;
  const file = `${row.split ?? 'test'}/metadata.jsonl`;
  const evidence = `${cells['predicted_wnid']} ${cells['predicted_prob']} ${cells['max_true_prob']}`;
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
  ];
}

function evidenceOf({ predicted_wnid, predicted_prob, max_true_prob }: PhotoRow): string {
  return `${predicted_wnid} ${predicted_prob} ${max_true_prob ?? ''}`;
}
