import { opendir } from 'node:fs/promises';
import { bufferOf, bytePathOf, isWithin, joinPath, showPath } from './byte-path.ts';
import type { BytePath } from './byte-path.ts';
import { describeSystemError, kindOf, resolvePath } from './file-system.process.ts';
import type { NodeKind } from './file-system.process.ts';
import { NO_RIGHTS, outsideFolder, unreadable } from './folder-entry.ts';
import type { FolderEntry } from './folder-entry.ts';
import type { PhotoProblem } from '../source.ts';

export interface WalkOptions {
  readonly signal: AbortSignal;
  /** Receives the relative path of each skipped entry: dot-files and files that operating systems leave in folders. */
  readonly onIgnored: (relativePath: string) => void;
}

/** Where a link in a directory leads, or what the file system said when asked. */
type Link = { readonly real: BytePath; readonly kind: NodeKind } | { readonly error: string };

interface Listed {
  /** The name; with a slash behind it for directories (also linked ones), so that sorting keys sorts whole paths. */
  readonly key: BytePath;
  readonly kind: NodeKind;
  readonly link: Link | null;
}

/** A directory that is being walked. */
interface Level {
  readonly real: BytePath;
  readonly relative: BytePath;
  /** The class of what is in it; null for the folder itself, where each directory is a class. */
  readonly label: string | null;
  readonly listed: readonly Listed[];
  next: number;
}

/**
 * Every file below a folder, depth first, in bytewise order of the relative paths; the first part of the path is the
 * class. `root` is resolved. Links that stay within `root` are followed, others reported, and so is a link to a
 * directory that contains it or that another link of the same class led to: neither a cycle nor links to folders of
 * links can make the walk longer than (directories)^2 for each class.
 *
 * Memory: the names of one directory and of its siblings and ancestors' siblings, about 100 bytes each; never all files.
 * Throws the system's error if `root` itself cannot be listed.
 */
export async function* walkFolder(root: BytePath, options: WalkOptions): AsyncGenerator<FolderEntry> {
  const walk = new Walk(root, options);
  const levels = walk.levels;
  levels.push({ real: root, relative: '', label: null, listed: await list(root, options.signal), next: 0 });
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    options.signal.throwIfAborted();
    const listed = level.listed[level.next++];
    if (listed === undefined) levels.pop();
    else {
      const entry = await walk.visit(level, listed);
      if (entry !== null) yield entry;
    }
  }
}

class Walk {
  /** From the folder itself down to the directory that is being read. */
  readonly levels: Level[] = [];
  readonly #root: BytePath;
  readonly #options: WalkOptions;
  /** Directories that links of the current class led to, each with its link. */
  readonly #linked = new Map<BytePath, BytePath>();

  constructor(root: BytePath, options: WalkOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** The entry to yield, or null for a directory, which becomes the next level, and for what is ignored. */
  async visit(level: Level, listed: Listed): Promise<FolderEntry | null> {
    const isDirectory = listed.key.endsWith('/');
    const name = isDirectory ? listed.key.slice(0, -1) : listed.key;
    const relative = joinPath(level.relative, name);
    if (isIgnored(name, isDirectory)) {
      this.#options.onIgnored(showPath(relative));
      return null;
    }
    if (level.label === null) this.#linked.clear();
    const path = joinPath(level.real, name);
    const label = level.label ?? (isDirectory ? showPath(name) : '');
    const problem =
      this.#problemOf(listed, relative) ??
      (isDirectory ? await this.#descend(path, { listed, relative, label }) : null);
    if (isDirectory && problem === null) return null;
    return { relative, path, mayLink: listed.link !== null, label, rights: NO_RIGHTS, origin: null, problem };
  }

  #problemOf({ kind, link }: Listed, relative: BytePath): PhotoProblem | null {
    if (kind === 'file' || kind === 'directory') return null;
    if (link === null) return unreadable(`is a ${kind}, not a regular file`);
    if ('error' in link) return unreadable(`is a link that leads nowhere: ${link.error}`);
    const target = showPath(link.real);
    if (!isWithin(link.real, this.#root)) return outsideFolder(`is a link to ${target}, outside the folder`);
    if (link.kind === 'file') return null;
    if (link.kind !== 'directory') return unreadable(`is a link to a ${link.kind}, not a regular file`);
    if (this.levels.some((level) => isWithin(level.real, link.real))) {
      return unreadable(`is a link to ${target}, a directory that contains it (a cycle)`);
    }
    const earlier = this.#linked.get(link.real);
    if (earlier !== undefined)
      return unreadable(`is a link to ${target}, as is ${showPath(earlier)} of the same class`);
    this.#linked.set(link.real, relative);
    return null;
  }

  async #descend(
    path: BytePath,
    to: { listed: Listed; relative: BytePath; label: string },
  ): Promise<PhotoProblem | null> {
    const { link } = to.listed;
    const real = link !== null && 'real' in link ? link.real : path;
    try {
      const listed = await list(real, this.#options.signal);
      this.levels.push({ real, relative: to.relative, label: to.label, listed, next: 0 });
      return null;
    } catch (error) {
      return unreadable(`is a directory that cannot be listed: ${describeSystemError(error)}`);
    }
  }
}

async function list(directory: BytePath, signal: AbortSignal): Promise<readonly Listed[]> {
  const listed: Listed[] = [];
  // As buffers: only they survive the look-up that Node makes where a file system does not tell what an entry is.
  // @ts-expect-error Node takes the encoding 'buffer', but its types do not know it.
  for await (const entry of await opendir(bufferOf(directory), { encoding: 'buffer', bufferSize: 256 })) {
    signal.throwIfAborted();
    // So the name is a buffer, whatever its type says.
    const name = bytePathOf(Buffer.from(entry.name));
    const kind = kindOf(entry);
    const link = kind === 'symbolic link' ? await follow(joinPath(directory, name)) : null;
    const isDirectory = kind === 'directory' || (link !== null && 'kind' in link && link.kind === 'directory');
    listed.push({ key: isDirectory ? `${name}/` : name, kind, link });
  }
  return listed.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

async function follow(path: BytePath): Promise<Link> {
  try {
    return await resolvePath(path);
  } catch (error) {
    return { error: describeSystemError(error) };
  }
}

/** Left by people's systems: hidden files and folders, thumbnail caches, and lists of labels below the top. */
function isIgnored(name: BytePath, isDirectory: boolean): boolean {
  if (name.startsWith('.')) return true;
  return !isDirectory && (name === 'labels.csv' || /^(?:thumbs\.db|desktop\.ini)$/i.test(name));
}
