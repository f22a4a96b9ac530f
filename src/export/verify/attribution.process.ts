import type { PhotoRow } from '../photo-row.ts';
import type { ExportContent } from './content.process.ts';
import { csvRecords } from './csv.process.ts';
import { ATTRIBUTION } from './layout.ts';
import { checking } from './unreadable.ts';

/** Columns of attribution.csv, with the value of a row of test/metadata.jsonl that each repeats. */
const COLUMNS: Readonly<Record<string, (row: PhotoRow) => string>> = {
  sha256: (row) => row.sha256,
  source: (row) => row.source,
  source_page_url: (row) => row.page_url,
  creator: (row) => row.creator,
  license: (row) => row.license,
  license_url: (row) => row.license_url,
};

/** Compares attribution.csv with the rows: each photo has one line, with the same rights. */
export async function checkAttribution(content: ExportContent): Promise<void> {
  const { folder, findings, rows } = content;
  await checking(content, { check: 'attribution', file: ATTRIBUTION }, async () => {
    const seen = new Set<number>();
    for await (const { line, cells } of csvRecords(folder.chunks(ATTRIBUTION), [
      'file_name',
      ...Object.keys(COLUMNS),
    ])) {
      const file = `${ATTRIBUTION}:${line}`;
      const name = cells['file_name'] ?? '';
      const position = rows.positionOfFile(name.replace(/^test\//, ''));
      if (position === undefined) {
        findings.breach('attribution', file, `Expected a photo of test/metadata.jsonl but received '${name}'`);
        continue;
      }
      if (seen.has(position))
        findings.breach('attribution', file, `Expected each photo once but '${name}' comes again`);
      seen.add(position);
      const { row } = await rows.at(position);
      for (const [column, valueOf] of Object.entries(COLUMNS))
        if (cells[column] !== valueOf(row))
          findings.breach(
            'attribution',
            file,
            `Expected the ${column} '${valueOf(row)}' of ${name} but received '${cells[column]}'`,
          );
    }
    for (const name of rows.without(seen))
      findings.breach('attribution', ATTRIBUTION, `Expected a line for each photo but '${name}' has none`);
  });
}
