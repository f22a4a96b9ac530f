import { mkdir } from 'node:fs/promises';
import { OutputFolder } from '../../../../src/core/export/output-folder.process.ts';
import type { Protocol } from '../../../../src/core/export/protocol.ts';
import { storeRevision, type RevisionPhoto } from '../../../../src/core/export/revisions/revision.repository.ts';
import { idOf } from '../../../../src/core/export/revisions/revision-id.ts';
import type { Workspace } from '../../../../src/core/models/workspace/workspace.process.ts';
import { protocolOf } from '../../../support/exported.ts';

interface Content {
  readonly photos: readonly RevisionPhoto[];
  readonly protocol?: Partial<Protocol>;
  /** Files beside card and protocol, by path. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
}

export async function writeRevision(
  { app, scope }: Workspace,
  folder: string,
  { photos, protocol: changes = {}, files = {} }: Content,
) {
  const draft = protocolOf({ photos: photos.filter(({ reason }) => reason === null).length, ...changes });
  const protocol = { ...draft, id: idOf(draft) };
  await mkdir(folder);
  const output = await OutputFolder.open(folder, (inner) => mkdir(inner, { recursive: true }));
  for (const [name, content] of Object.entries(files)) await output.put(name, content);
  await output.put('README.md', '# A card\n');
  await output.put('protocol.json', `${JSON.stringify(protocol, null, 2)}\n`);
  await output.close();
  async function* rows(): AsyncGenerator<readonly RevisionPhoto[]> {
    yield photos;
  }
  await storeRevision(app.db, scope, { protocol, bytes: output.bytes, path: folder, rows: rows(), lastEvent: 0 });
  return { id: protocol.id, short: protocol.id.slice(0, 12), folder };
}
export type WrittenRevision = Awaited<ReturnType<typeof writeRevision>>;
