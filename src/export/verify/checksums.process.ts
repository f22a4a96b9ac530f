import type { Sha256 } from '../../kernel/ids.ts';
import { isSha256 } from '../../kernel/ids.ts';
import { CHECKSUMS } from '../output-folder.process.ts';
import type { ExportFolder } from './export-folder.process.ts';
import type { Findings } from './findings.ts';
import { unsafePath } from './layout.ts';
import { linesOf } from './lines.ts';
import { checking } from './unreadable.ts';

/** SHA256SUMS by path. A line costs about 250 bytes of memory. */
export type Checksums = ReadonlyMap<string, Sha256>;

interface Listed {
  readonly folder: ExportFolder;
  readonly findings: Findings;
}

/** Reads SHA256SUMS. Lines that are wrong are breaches, and the others count. */
export async function readChecksums(at: Listed): Promise<Checksums> {
  const checksums = new Map<string, Sha256>();
  await checking(at, { check: 'checksum', file: CHECKSUMS }, async () => {
    for await (const { number, text } of linesOf(at.folder.chunks(CHECKSUMS))) {
      const problem = addLine(checksums, text);
      if (problem !== null) at.findings.breach('checksum', `${CHECKSUMS}:${number}`, problem);
    }
  });
  return checksums;
}

function addLine(checksums: Map<string, Sha256>, text: string): string | null {
  const sha256 = text.slice(0, 64);
  const file = text.slice(66);
  if (!isSha256(sha256) || text.slice(64, 66) !== '  ')
    return `Expected 64 hex digits, two spaces and a path but the line is '${text.slice(0, 120)}'`;
  const unsafe = unsafePath(file);
  if (unsafe !== null) return `Expected a path within the export but '${file}' ${unsafe}`;
  if (checksums.has(file)) return `Expected each file once but '${file}' is listed again`;
  checksums.set(file, sha256);
  return null;
}

/** Compares the list of checksums with the files that are there. */
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
  if (expected !== undefined && expected !== file.sha256)
    findings.breach(
      'checksum',
      file.path,
      `Expected the SHA-256 ${expected} of ${CHECKSUMS} but the file has ${file.sha256}`,
    );
}
