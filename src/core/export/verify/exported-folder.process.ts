import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { opendir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { codeOf, GiveUpOnItem, messageOf, StopTheRun, UsageError } from '../../kernel/errors.ts';
import { toSha256, type Sha256 } from '../../kernel/ids.ts';
import type { LocalFile } from '../../kernel/publish.ts';
import { readChecksums, type Checksums } from '../checksums.ts';
import { CHECKSUMS, PROTOCOL } from '../layout.ts';
import type { Protocol } from '../protocol.ts';
import { idOf } from '../revisions/revision-id.ts';
import { protocolOf } from './protocol-checks.ts';

export interface ExportedFolder {
  readonly protocol: Protocol;
  /** By path. A file costs about 400 bytes of memory. */
  readonly files: ReadonlyMap<string, LocalFile>;
}

/**
 * Compares an export's list of files with the folder. Hashes only protocol.json: `requireSame` checks the others.
 * @throws UsageError `not-an-export`; StopTheRun `export-changed`
 */
export async function readExportedFolder(root: string): Promise<ExportedFolder> {
  const protocol = await readProtocol(root);
  const listed = await checksumsOf(root);
  const files = new Map<string, LocalFile>();
  for await (const file of filesBelow(root)) {
    const place = path.join(root, file);
    const sha256 = file === CHECKSUMS ? await sha256Of(place) : listed.get(file);
    if (sha256 === undefined) throw changed(root, `${CHECKSUMS} does not list '${file}'`);
    files.set(file, { path: file, place, sha256, bytes: (await stat(place)).size });
  }
  const missing = [...listed.keys()].find((file) => !files.has(file));
  if (missing !== undefined) throw changed(root, `${CHECKSUMS} lists '${missing}', but there is no such file`);
  const own = files.get(PROTOCOL);
  if (own === undefined || (await sha256Of(own.place)) !== own.sha256 || idOf(protocol) !== protocol.id)
    throw changed(root, 'protocol.json is not the one that was written');
  return { protocol, files };
}

/** @throws StopTheRun `export-changed` if a file is not what SHA256SUMS says */
export async function requireSame(root: string, files: readonly LocalFile[]): Promise<void> {
  for (const { path: file, place, sha256 } of files)
    if ((await sha256Of(place)) !== sha256) throw changed(root, `'${file}' is not the file that ${CHECKSUMS} lists`);
}

async function readProtocol(root: string): Promise<Protocol> {
  const text = await readFile(path.join(root, PROTOCOL), 'utf8').catch((error: unknown) => {
    throw notAnExport(root, codeOf(error) === 'ENOENT' ? 'it has no protocol.json' : messageOf(error));
  });
  const protocol = protocolOf(text);
  if (typeof protocol === 'string')
    throw notAnExport(root, `its protocol.json is not one that this version of winnow writes (${protocol})`);
  return protocol;
}

async function checksumsOf(root: string): Promise<Checksums> {
  const checksums = new Map<string, Sha256>();
  try {
    await readChecksums(createReadStream(path.join(root, CHECKSUMS)), checksums, {
      onProblem: (line, problem) => {
        throw changed(root, `line ${line} of ${CHECKSUMS} is wrong (${problem})`);
      },
    });
    return checksums;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw notAnExport(root, `it has no ${CHECKSUMS}`);
    throw error instanceof GiveUpOnItem ? changed(root, `${CHECKSUMS} is damaged (${error.message})`) : error;
  }
}

/** The paths of all files, with slashes. Links and other things are reported as files, which no list has. */
async function* filesBelow(root: string, folder = ''): AsyncGenerator<string> {
  for await (const entry of await opendir(path.join(root, folder))) {
    const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(root, relative);
    else if (entry.isFile()) yield relative;
    else throw changed(root, `'${relative}' is not a file`);
  }
}

async function sha256Of(place: string): Promise<Sha256> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(place), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) hash.update(chunk);
    });
  } catch (error) {
    throw new StopTheRun(`Cannot read ${place}: ${messageOf(error)}`, { code: 'export-unreadable', cause: error });
  }
  return toSha256(hash.digest('hex'));
}

function notAnExport(root: string, why: string): UsageError {
  return new UsageError(`Not an export: ${root}, because ${why}. Give a folder that \`winnow export --out\` made.`, {
    code: 'not-an-export',
  });
}

function changed(root: string, what: string): StopTheRun {
  return new StopTheRun(
    `The export at ${root} was changed: ${what}. \`winnow verify\` lists all differences. Publish a whole copy, or export it again.`,
    { code: 'export-changed' },
  );
}
