import path from 'node:path';
import { messageOf } from '../../kernel/errors.ts';
import type { Wnid } from '../../kernel/ids.ts';
import { sha256Of } from '../../tools/sha256.ts';
import type { ClassPage } from '../desk/desk.ts';
import { classReference, classReferences, type ClassReference } from './class-reference.repository.ts';
import { isWithin, joinPath, pathOfShown } from '../../crawl/sources/folder/byte-path.ts';
import { resolvePath, useFile } from '../../crawl/sources/folder/file-system.process.ts';
import type { App } from '../../runtime/open/app.process.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { smallCopyOf } from '../../photo/thumbnails.process.ts';

const REFERENCES_SHOWN = 24;
/** Pixels of the longer side: references are shown side by side. */
const REFERENCE_PIXELS = 800;
const REFERENCE_QUALITY = 82;

export async function referencesOf(
  { app, collection, scope }: Workspace,
  wnid: Wnid,
): Promise<ClassPage['references']> {
  const shown = await classReferences(app.db, scope.collectionId, { wnid, limit: REFERENCES_SHOWN });
  const base = `/c/${encodeURIComponent(collection.name)}/references/${encodeURIComponent(wnid)}`;
  return shown.map(({ id, path: file }) => ({ path: `${base}/${id}`, name: path.parse(file).name }));
}

/** A reference as WebP. Null if there is no such reference, or its file is gone or has changed. */
export async function referencePicture(
  app: App,
  reference: { readonly wnid: Wnid; readonly id: number },
): Promise<Buffer | null> {
  const found = await classReference(app.db, reference);
  if (found === null) return null;
  const size = { sha256: found.sha256, maxSidePixels: REFERENCE_PIXELS, quality: REFERENCE_QUALITY };
  const copy = await smallCopyOf(app, size, async () => {
    const bytes = await bytesOf(found, app.config.fetch.maxBytes).catch(messageOf);
    if (typeof bytes !== 'string') return bytes;
    const cure = 'add the folder again: winnow references add DIR --for display';
    app.log.warn({ folder: found.folder, path: found.path, reason: bytes }, `a reference cannot be shown; ${cure}`);
    return null;
  });
  return copy?.webp ?? null;
}

/** The bytes of a reference, or why they cannot be used. Links may have changed since the folder was added. */
async function bytesOf({ folder, path: file, sha256 }: ClassReference, maxBytes: number): Promise<Buffer | string> {
  const root = await resolvePath(pathOfShown(folder));
  const { real } = await resolvePath(joinPath(root.real, pathOfShown(file)));
  if (!isWithin(real, root.real)) return 'it leads outside the folder';
  const bytes = await useFile(real, maxBytes, (handle) => handle.readFile());
  if (!Buffer.isBuffer(bytes)) return bytes.detail ?? bytes.reason;
  return sha256Of(bytes) === sha256 ? bytes : 'its bytes have changed';
}
