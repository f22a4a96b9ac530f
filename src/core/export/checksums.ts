import { isSha256, type Sha256 } from '../kernel/ids.ts';
import { unsafePath } from './layout.ts';
import { linesOf } from '../kernel/lines.ts';
import { unreadable } from '../kernel/errors.ts';

/** The files of an export by path, without SHA256SUMS. A file costs about 250 bytes of memory. */
export type Checksums = ReadonlyMap<string, Sha256>;

export interface ChecksumsOptions {
  /** Called for each wrong line, with its number from 1. The line does not count. */
  readonly onProblem: (line: number, problem: string) => void;
  readonly most?: number;
}

/**
 * Reads SHA256SUMS into a map.
 * @throws GiveUpOnItem, with the lines before in the map, if it has more than `most` files
 */
export async function readChecksums(
  chunks: AsyncIterable<Buffer>,
  checksums: Map<string, Sha256>,
  { onProblem, most = Infinity }: ChecksumsOptions,
): Promise<void> {
  for await (const { number, text } of linesOf(chunks)) {
    if (checksums.size >= most) throw unreadable(`Expected at most ${most} files but line ${number} lists another`);
    const listed = listedFile(text);
    if (typeof listed === 'string') onProblem(number, listed);
    else if (checksums.has(listed.file))
      onProblem(number, `Expected each file once but '${listed.file}' is listed again`);
    else checksums.set(listed.file, listed.sha256);
  }
}

/** A line of SHA256SUMS: 64 hex digits, two spaces and the path. Or what is wrong with it. */
export function listedFile(line: string): { readonly file: string; readonly sha256: Sha256 } | string {
  const [sha256, spaces, file] = [line.slice(0, 64), line.slice(64, 66), line.slice(66)];
  if (!isSha256(sha256) || spaces !== '  ')
    return `Expected 64 hex digits, two spaces and a path but the line is '${line.slice(0, 120)}'`;
  const unsafe = unsafePath(file);
  return unsafe === null ? { file, sha256 } : `Expected a path within the export but '${file}' ${unsafe}`;
}
