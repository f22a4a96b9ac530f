import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Protocol } from '../../src/core/export/protocol.ts';
import { idOf, photoId } from '../../src/core/export/revisions/revision-id.ts';
import { protocolOf } from './exported.ts';
import { sha256Of } from './sha256.ts';

export type FolderToPublish = Awaited<ReturnType<typeof makeFolderToPublish>>;

const CLASSES = ['n01440764', 'n01443537', 'n01514668'];

/**
 * Writes a folder of many small files that `winnow publish` takes for an export: only its protocol and its checksums are right.
 * The "photos" are a few bytes each. `exported.ts` writes pictures for programs that load them, and `made-export.ts` a set
 * that `winnow verify` accepts.
 *
 * @param photos numbers of the photos: the same number gives the same bytes
 * @param others further files by path
 * @returns also the contents by path, with SHA256SUMS
 */
export async function makeFolderToPublish(
  root: string,
  photos: readonly number[],
  others: Readonly<Record<string, Buffer>> = {},
) {
  const files = new Map<string, Buffer>();
  for (const number of photos) {
    const bytes = Buffer.from(`photo ${number} ${'x'.repeat(number % 97)}`);
    const wnid = CLASSES[number % CLASSES.length] ?? '';
    files.set(`test/${wnid}/${photoId(sha256Of(bytes))}.jpg`, bytes);
  }
  const protocol = protocolWith([...files.values()], photos);
  files.set('test/metadata.jsonl', Buffer.from(photos.map((number) => `{"id":${number}}\n`).join('')));
  files.set('attribution.csv', Buffer.from(`id\n${photos.join('\n')}\n`));
  files.set('LICENSES.md', Buffer.from('# Licences\n'));
  for (const [file, bytes] of Object.entries(others)) files.set(file, bytes);
  files.set('README.md', Buffer.from(`# ${photos.length} photos\n`));
  files.set('protocol.json', Buffer.from(`${JSON.stringify(protocol, null, 2)}\n`));
  const sums = [...files].map(([file, bytes]) => `${sha256Of(bytes)}  ${file}\n`);
  files.set('SHA256SUMS', Buffer.from(sums.join('')));
  await rm(root, { recursive: true, force: true });
  for (const [file, bytes] of files) {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await writeFile(path.join(root, file), bytes);
  }
  return { root, id: protocol.id, files };
}

function protocolWith(bytes: readonly Buffer[], photos: readonly number[]): Protocol {
  const unnamed = protocolOf({
    photos: photos.length,
    bytes: bytes.reduce((sum, { length }) => sum + length, 0),
    classes: CLASSES.map((wnid, label) => ({ label, wnid, name: wnid, photos: 0 })),
    // Two sets of other photos have other ids.
    funnel: { photos },
  });
  return { ...unnamed, id: idOf(unnamed) };
}
