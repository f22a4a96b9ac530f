import { realpath, type FileHandle } from 'node:fs/promises';
import { codeOf, GiveUpOnItem, messageOf, unreadable } from '../../kernel/errors.ts';
import { openInside } from '../../platform/disk/plain-file.ts';
import { PROTOCOL, unsafePath } from '../layout.ts';
import type { Revision } from './revision.repository.ts';

export interface OpenFile {
  readonly handle: FileHandle;
  readonly bytes: number;
}

/**
 * Opens a file of a revision's folder. Neither the file nor a folder on the way to it may be a link, so no file outside
 * is ever opened. The folder itself may be reached through links.
 * @throws GiveUpOnItem `unreadable-file`
 */
export async function openRevisionFile(folder: string, relative: string): Promise<OpenFile> {
  const unsafe = unsafePath(relative);
  if (unsafe !== null) throw unreadable(`Expected a path within the export but '${relative}' ${unsafe}`);
  try {
    const handle = await openInside(folder, relative);
    if (handle === null) throw unreadable(`Expected a file within the export but '${relative}' is something else`);
    return { handle, bytes: (await handle.stat()).size };
  } catch (error) {
    if (error instanceof GiveUpOnItem) throw error;
    // Messages of the file system name the whole path, which viewers are not shown.
    throw unreadable(`Expected to read '${relative}' but received '${codeOf(error) ?? messageOf(error)}'`, error);
  }
}

/** `other`: something else is in its place, such as another revision. */
export type FolderState = 'there' | 'gone' | 'other';

const MAX_PROTOCOL_BYTES = 64 * 1024 * 1024;

export async function stateOfFolder({ id, path: folder }: Pick<Revision, 'id' | 'path'>): Promise<FolderState> {
  if ((await realpath(folder).catch(() => null)) === null) return 'gone';
  try {
    const { handle, bytes } = await openRevisionFile(folder, PROTOCOL);
    try {
      if (bytes > MAX_PROTOCOL_BYTES) return 'other';
      const protocol: unknown = JSON.parse(await handle.readFile('utf8'));
      const found: unknown =
        typeof protocol === 'object' && protocol !== null ? Reflect.get(protocol, 'id') : undefined;
      return found === id ? 'there' : 'other';
    } finally {
      await handle.close();
    }
  } catch {
    return 'other';
  }
}
