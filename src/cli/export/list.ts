import { access } from 'node:fs/promises';
import type { Command } from 'commander';
import { displayPath } from '../../config/root.ts';
import { listRevisions, type Revision } from '../../export/revisions/revision.repository.ts';
import { shortId } from '../../export/revisions/revision-id.ts';
import { bytesText, countText, writeResult } from '../text/output.ts';
import { tableText } from '../text/table.ts';
import { addCommand, runOnCollection, type GlobalFlags } from '../start/context.ts';

type RevisionLine = Omit<Revision, 'protocol' | 'verified'> & {
  readonly exists: boolean;
};

export function addExportListCommand(command: Command): void {
  addCommand(command, 'list', 'List the revisions that were exported')
    .addHelpText('after', '\nExample:\n  winnow export list --collection imagenet-a --json\n')
    .action((_: GlobalFlags, own: Command) => {
      const flags = own.optsWithGlobals<GlobalFlags>();
      return runOnCollection(flags, { name: 'export', access: 'read' }, async ({ app, scope }) => {
        const lines = await Promise.all((await listRevisions(app.db, scope)).map(lineOf));
        await writeResult(flags, lines, () => listText(lines));
      });
    });
}

async function lineOf({ id, photos, classes, bytes, path, madeAt }: Revision): Promise<RevisionLine> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  return { id, photos, classes, bytes, path, madeAt, exists };
}

function listText(lines: readonly RevisionLine[]): string {
  if (lines.length === 0) return 'nothing has been exported yet\n';
  return tableText(
    ['revision', 'made', 'photos', 'classes', 'size', 'folder'],
    lines.map(({ id, madeAt, photos, classes, bytes, path, exists }) => [
      shortId(id),
      madeAt.slice(0, 10),
      countText(photos),
      countText(classes),
      bytesText(bytes),
      exists ? displayPath(path) : `${displayPath(path)} (not there)`,
    ]),
  );
}
