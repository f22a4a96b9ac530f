import type { Sha256 } from '../../kernel/ids.ts';
import { readChecksums, type Checksums } from '../checksums.ts';
import { CHECKSUMS } from '../layout.ts';
import type { ExportContent } from './content.process.ts';
import { checking, type Findings } from './findings.ts';

type Listed = Pick<ExportContent, 'folder' | 'findings'>;

const MOST_MISSING = 10_000;

/** Lines that are wrong are breaches, and the others count. */
export async function checkChecksums(at: Listed): Promise<Checksums> {
  const checksums = new Map<string, Sha256>();
  await checking(at, { check: 'checksum', file: CHECKSUMS }, (report) =>
    readChecksums(at.folder.chunks(CHECKSUMS), checksums, {
      onProblem: (line, problem) => report([problem], line),
      most: at.folder.files.size + MOST_MISSING,
    }),
  );
  return checksums;
}

export function checkListed({ folder, findings }: Listed, checksums: Checksums): void {
  findings.begin('missing-file');
  for (const file of folder.files)
    if (file !== CHECKSUMS && !checksums.has(file))
      findings.breach('stray-file', file, `Expected only files of ${CHECKSUMS} but it does not list this one`);
  for (const file of checksums.keys())
    if (!folder.files.has(file))
      findings.breach('missing-file', file, `Expected this file, which ${CHECKSUMS} lists, but there is none`);
}

/** Compares the bytes of a file with its line in SHA256SUMS. A file without a line is a stray file already. */
export function checkHash(
  findings: Findings,
  checksums: Checksums,
  file: { readonly path: string; readonly sha256: Sha256 },
): void {
  const expected = checksums.get(file.path);
  findings.breaches('checksum', file.path, [
    expected !== undefined &&
      expected !== file.sha256 &&
      `Expected the SHA-256 ${expected} of ${CHECKSUMS} but the file has ${file.sha256}`,
  ]);
}
