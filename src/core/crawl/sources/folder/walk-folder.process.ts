import { opendir } from 'node:fs/promises';
import { NO_RIGHTS, unreadablePhoto } from '../source.ts';
import { bufferOf, bytePathOf, isWithin, joinPath, showPath, type BytePath } from './byte-path.ts';
import { describeSystemError, kindOf, resolvePath, type NodeKind } from './file-system.process.ts';
import { outsideFolder, type FolderEntry } from './folder-entry.ts';
import type { PhotoProblem } from '../../../kernel/reasons.ts';

export interface FolderWalkOptions {
  readonly signal: AbortSignal;
  /** Receives the relative path of each skipped entry: dot-files and files that operating systems leave in folders. */
  readonly onIgnored: (relativePath: string) => void;
}

type Link = { readonly real: BytePath; readonly kind: NodeKind } | { readonly error: string };

interface Listed {
  /** The name. Directories, and links to them, have a slash at the end, so that sorting the keys sorts whole paths. */
  readonly key: BytePath;
  readonly kind: NodeKind;
  readonly link: Link | null;
}

interface Level {
  readonly real: BytePath;
  readonly relative: BytePath;
  /** The class of its contents. Null for the folder itself, where each directory is a class. */
  readonly label: string | null;
  readonly listed: readonly Listed[];
  next: number;
}

/**
 * Yields every file below a folder, depth first, in bytewise order of the relative paths. The first part of the path is the
 * class. `root` is resolved. Links that stay within `root` are followed. Other links are reported. So is a link to a
 * directory that contains it, or to a directory that another link of the same class already led to. So neither a cycle nor
 * links to folders of links can make the walk longer than (directories)^2 for each class.
 *
 * Memory: the names in one directory and in its ancestors, about 100 bytes for each name, but never all files. Throws the
 * system's error if `root` itself cannot be listed.
 */
export async function* walkFolder(root: BytePath, options: FolderWalkOptions): AsyncGenerator<FolderEntry> {
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
  readonly levels: Level[] = [];
  readonly #root: BytePath;
  readonly #options: FolderWalkOptions;
  /** The targets of links to directories in the current class, each with its link. */
  readonly #linked = new Map<BytePath, BytePath>();

  constructor(root: BytePath, options: FolderWalkOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** Returns the entry to yield. Returns null for an ignored entry, and for a directory, which becomes the next level. */
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
    if (link === null) return unreadablePhoto(`is a ${kind}, not a regular file`);
    if ('error' in link) return unreadablePhoto(`is a broken link: ${link.error}`);
    const target = showPath(link.real);
    if (!isWithin(link.real, this.#root)) return outsideFolder(`is a link to ${target}, outside the folder`);
    if (link.kind === 'file') return null;
    if (link.kind !== 'directory') return unreadablePhoto(`is a link to a ${link.kind}, not a regular file`);
    if (this.levels.some((level) => isWithin(level.real, link.real))) {
      return unreadablePhoto(`is a link to ${target}, a directory that contains it (a cycle)`);
    }
    const earlier = this.#linked.get(link.real);
    if (earlier !== undefined)
      return unreadablePhoto(`is a link to ${target}, as is ${showPath(earlier)} of the same class`);
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
      return unreadablePhoto(`is a directory that cannot be listed: ${describeSystemError(error)}`);
    }
  }
}

async function list(directory: BytePath, signal: AbortSignal): Promise<readonly Listed[]> {
  const listed: Listed[] = [];
  // Names are read as buffers. If a file system does not state the type of an entry, Node looks it up, and only buffers
  // survive that.
  // @ts-expect-error Node takes the encoding 'buffer', but its types do not know it.
  for await (const entry of await opendir(bufferOf(directory), { encoding: 'buffer', bufferSize: 256 })) {
    signal.throwIfAborted();
    // The name is therefore a buffer, although its type says otherwise.
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

/** Files that operating systems leave in folders (hidden files, thumbnail caches), and lists of labels below the top folder. */
function isIgnored(name: BytePath, isDirectory: boolean): boolean {
  if (name.startsWith('.')) return true;
  return !isDirectory && (name === 'labels.csv' || /^(?:thumbs\.db|desktop\.ini)$/i.test(name));
}
