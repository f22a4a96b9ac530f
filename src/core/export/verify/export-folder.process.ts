import { createHash } from 'node:crypto';
import { createReadStream, type Dirent } from 'node:fs';
import { readdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, throwIfInterrupted, unreadable, WinnowError } from '../../kernel/errors.ts';
import { toSha256, type Sha256 } from '../../kernel/ids.ts';
import { openPlainFile } from '../../platform/disk/plain-file.ts';
import type { Findings } from './findings.ts';

/** An export is three folders deep. */
const MAX_DEPTH = 8;

/**
 * The files of an export, which may come from a stranger. It opens only files that it has found itself, below its root,
 * and follows no links. A path costs about 100 bytes of memory.
 */
export class ExportFolder {
  readonly root: string;
  /** Relative, with slashes. A folder's files come sorted, before those of its folders. */
  readonly files: ReadonlySet<string>;
  readonly folders: readonly string[];
  readonly #signal: AbortSignal | undefined;

  private constructor({ root, found, signal }: Walk) {
    this.root = root;
    this.files = found.files;
    this.folders = found.folders;
    this.#signal = signal;
  }

  /**
   * Looks for files. Everything that is neither a file nor a folder, and every empty folder, is a stray file. On the signal, this
   * and every later call throws `Interrupted`, also in the middle of a file.
   */
  static async open(root: string, findings: Findings, signal?: AbortSignal): Promise<ExportFolder> {
    const at: Walk = { root, found: { files: new Set<string>(), folders: [] }, findings, signal };
    findings.begin('stray-file');
    await walk(at, '', 0);
    return new ExportFolder(at);
  }

  /** The whole file. @throws GiveUpOnItem if it cannot be read, or is larger */
  async read(file: string, maxBytes: number): Promise<Buffer> {
    const bytes = await this.sizeOf(file);
    if (bytes > maxBytes) throw unreadable(`Expected at most ${maxBytes} bytes but the file has ${bytes}`);
    return this.readPart(file, { offset: 0, bytes });
  }

  /** The whole file as UTF-8. @throws GiveUpOnItem as `read`, and for other bytes */
  async readText(file: string, maxBytes: number): Promise<string> {
    const content = await this.read(file, maxBytes);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
    } catch (error) {
      throw unreadable('Expected UTF-8 text but there are other bytes', error);
    }
  }

  async readPart(
    file: string,
    { offset, bytes }: { readonly offset: number; readonly bytes: number },
  ): Promise<Buffer> {
    return this.#with(file, async (handle) => {
      const content = Buffer.allocUnsafeSlow(bytes);
      const { bytesRead } = await handle.read(content, 0, bytes, offset);
      if (bytesRead === bytes) return content;
      throw unreadable(`Expected ${bytes} bytes at ${offset} but read ${bytesRead}`);
    });
  }

  async *chunks(file: string): AsyncGenerator<Buffer> {
    const handle = await this.#open(file);
    const stream = createReadStream('', { fd: handle, highWaterMark: 256 * 1024 });
    try {
      for await (const chunk of stream) {
        throwIfInterrupted(this.#signal);
        yield chunk;
      }
    } catch (error) {
      throw explained(error);
    } finally {
      stream.destroy();
    }
  }

  async sizeOf(file: string): Promise<number> {
    return this.#with(file, (_, bytes) => Promise.resolve(bytes));
  }

  async hashOf(file: string): Promise<Sha256> {
    const hash = createHash('sha256');
    for await (const chunk of this.chunks(file)) hash.update(chunk);
    return toSha256(hash.digest('hex'));
  }

  async #with<T>(file: string, use: (handle: FileHandle, bytes: number) => Promise<T>): Promise<T> {
    const handle = await this.#open(file);
    try {
      return await use(handle, (await handle.stat()).size);
    } catch (error) {
      throw explained(error);
    } finally {
      await handle.close();
    }
  }

  async #open(file: string): Promise<FileHandle> {
    throwIfInterrupted(this.#signal);
    if (!this.files.has(file)) throw unreadable('Expected a file but there is none');
    try {
      const handle = await openPlainFile(path.join(this.root, file));
      if (handle !== null) return handle;
    } catch (error) {
      throw explained(error);
    }
    throw unreadable('Expected a file but it was replaced by something else');
  }
}

interface Walk {
  readonly root: string;
  readonly found: { readonly files: Set<string>; readonly folders: string[] };
  readonly findings: Findings;
  readonly signal: AbortSignal | undefined;
}

async function walk(at: Walk, folder: string, depth: number): Promise<void> {
  throwIfInterrupted(at.signal);
  const entries = await entriesOf(at, folder);
  if (entries?.length === 0) at.findings.breach('stray-file', folder || '.', 'Expected no empty folder');
  const folders: string[] = [];
  for (const entry of entries ?? []) {
    const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) at.found.files.add(relative);
    else if (entry.isDirectory()) folders.push(relative);
    else at.findings.breach('stray-file', relative, `Expected files and folders only but this is ${kindOf(entry)}`);
  }
  for (const inner of folders) {
    at.found.folders.push(inner);
    if (depth < MAX_DEPTH) await walk(at, inner, depth + 1);
    else at.findings.breach('stray-file', inner, `Expected folders at most ${MAX_DEPTH} deep`);
  }
}

/** Sorted by code unit. Null if the folder cannot be read. */
async function entriesOf({ root, findings }: Walk, folder: string): Promise<Dirent[] | null> {
  try {
    const entries = await readdir(path.join(root, folder), { withFileTypes: true });
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    findings.breach(
      'stray-file',
      folder || '.',
      `Expected a readable folder but received '${codeOf(error) ?? 'an error'}'`,
    );
    return null;
  }
}

function kindOf(entry: Dirent): string {
  return entry.isSymbolicLink() ? 'a symbolic link' : 'a device, pipe or socket';
}

function explained(error: unknown): unknown {
  const code = codeOf(error);
  if (error instanceof WinnowError || code === undefined) return error;
  // The whole message would name the path on this machine, and the page of revisions shows what was found.
  return unreadable(`Expected a readable file but received '${code}'`, error);
}
