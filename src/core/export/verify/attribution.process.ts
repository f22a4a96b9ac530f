import { createHash } from 'node:crypto';
import {
  attributionCells,
  attributionCsvHeader,
  attributionPageEntry,
  attributionPageHeader,
  attributionText,
  creatorText,
  creditOf,
} from '../card/attribution.ts';
import type { PhotoRow } from '../select/photo-row.ts';
import { rowsOfPhoto, type ExportContent, type IndexedRow } from './content.process.ts';
import { csvRecords } from './csv.process.ts';
import { ATTRIBUTION, ATTRIBUTION_PAGE } from '../layout.ts';
import { checking } from './findings.ts';

const COLUMNS: readonly string[] = attributionCsvHeader.trimEnd().split(',');

/** Columns whose values follow from the row in every version. Tools rely on those before `sha256`. */
const REQUIRED = ['file_name', 'source', 'source_page_url', 'creator', 'license', 'license_url', 'sha256'];
/** A column whose words each version chooses. */
const OWN_WORDS = 'changes';

/** Compares attribution.csv with the rows. If another version wrote it (not `isOwn`), only columns that both know. */
export async function checkAttribution(content: ExportContent, isOwn: boolean): Promise<void> {
  const { folder, rows, controls } = content;
  await checking(content, { check: 'attribution', file: ATTRIBUTION }, async (report) => {
    const seen = new Map([rows, controls].map((index) => [index, new Set<number>()]));
    for await (const { line, cells } of csvRecords(folder.chunks(ATTRIBUTION), isOwn ? COLUMNS : REQUIRED)) {
      const name = cells['file_name'] ?? '';
      const { index, position } = rowsOfPhoto(content, name);
      if (position === undefined) report([`Expected a photo of ${index.file} but received '${name}'`], line);
      else if (seen.get(index)?.has(position) === true)
        report([`Expected each photo once but '${name}' comes again`], line);
      else report(cellProblems((await index.at(position)).row, cells, isOwn), line);
      if (position !== undefined) seen.get(index)?.add(position);
    }
    for (const name of [...seen].flatMap(([index, found]) => [...index.without(found)]))
      report([`Expected a line for each photo but '${name}' has none`]);
  });
}

function cellProblems(row: PhotoRow, cells: Readonly<Record<string, string>>, isOwn: boolean): string[] {
  const expected = attributionCells(row);
  return COLUMNS.flatMap((column, i) =>
    cells[column] === expected[i] ||
    // Winnow 0.9 and earlier put no apostrophe before a creator that a spreadsheet would run as a formula.
    (column === 'creator' && cells[column] === creatorText(row.creator)) ||
    (!isOwn && (column === OWN_WORDS || cells[column] === undefined))
      ? []
      : [`Expected the ${column} '${expected[i]}' of ${row.file_name} but received '${cells[column]}'`],
  );
}

async function* allRows({ rows, controls }: ExportContent, signal: AbortSignal): AsyncGenerator<IndexedRow> {
  yield* rows.all(signal);
  yield* controls.all(signal);
}

export async function checkAttributionTexts(content: ExportContent): Promise<void> {
  const { folder, findings, protocol, signal } = content;
  const page = createHash('sha256').update(attributionPageHeader(protocol.collection.name));
  let wnid: string | null = null;
  for await (const { row, place } of allRows(content, signal)) {
    page.update(attributionPageEntry(row, wnid));
    wnid = row.wnid;
    const text = attributionText(creditOf(row));
    if (row.attribution !== text)
      findings.breach('attribution', place, `Expected the attribution '${text}' but received '${row.attribution}'`);
  }
  await checking(content, { check: 'attribution', file: ATTRIBUTION_PAGE }, async (report) => {
    report([
      (await folder.hashOf(ATTRIBUTION_PAGE)) !== page.digest('hex') &&
        'Expected the lines that follow from test/metadata.jsonl but they differ',
    ]);
  });
}
