import { access } from 'node:fs/promises';
import type { Command } from 'commander';
import { displayPath } from '../../config/root.ts';
import {
  listRevisions,
  type Revision,
  compareRevisions,
  type RevisionChange,
} from '../../export/revisions/revision.repository.ts';
import { shortId } from '../../export/revisions/revision-id.ts';
import { bytesText, countText, writeResult } from '../text/output.ts';
import { tableText } from '../text/table.ts';
import { addCommand, runOnCollection } from '../start/context.ts';
import { classNameOf, type Workspace } from '../../models/workspace/workspace.process.ts';
import { changeText, sumOfChanges } from '../../export/select/changed-photos.ts';
import { groupBy } from '../../kernel/group-by.ts';
import { UsageError } from '../../kernel/errors.ts';

type RevisionLine = Omit<Revision, 'protocol' | 'verified'> & {
  readonly exists: boolean;
};

export function addExportListCommand(command: Command): void {
  addCommand(command, 'list', 'List the revisions that were exported')
    .addHelpText('after', '\nExample:\n  winnow export list --collection imagenet-a --json\n')
    .run((flags) =>
      runOnCollection(flags, { name: 'export', access: 'read' }, async ({ app, scope }) => {
        const lines = await Promise.all((await listRevisions(app.db, scope)).map(lineOf));
        await writeResult(flags, lines, () => listText(lines));
      }),
    );
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

const HELP = `
Revisions are named by their ids, or by the first digits of them (winnow export list shows them).
A reason is why the revision that lacks a photo does not have it. Controls are counted apart.

Example:
  winnow export diff 3f2a 91bc --collection imagenet-a
`;

export function addExportDiffCommand(command: Command): void {
  addCommand(command, 'diff', 'Show which photos came and went between two revisions')
    .argument('<older>', 'a revision')
    .argument('<newer>', 'a revision')
    .addHelpText('after', HELP)
    .run((flags, older: string, newer: string) =>
      runOnCollection(flags, { name: 'export', access: 'read' }, async (workspace) => {
        const { app, scope } = workspace;
        const known = await listRevisions(app.db, scope);
        const ids = { older: revisionNamed(older, known).id, newer: revisionNamed(newer, known).id };
        const { photos: changes, controls } = await compareRevisions(app.db, scope, ids);
        const difference = { ...ids, ...sumsOf(changes), changes, controls: sumsOf(controls) };
        await writeResult(flags, difference, () => diffText(difference, workspace));
      }),
    );
}

/** @throws UsageError `unknown-revision` unless exactly one id begins so */
function revisionNamed(text: string, known: readonly Revision[]): Revision {
  const [found, ...others] = known.filter(({ id }) => text !== '' && id.startsWith(text.toLowerCase()));
  if (found !== undefined && others.length === 0) return found;
  const ids = known.map(({ id }) => shortId(id)).join(', ');
  throw new UsageError(
    found === undefined
      ? `No revision has an id that begins with '${text}'. The collection has ${ids === '' ? 'none yet' : ids}.`
      : `${others.length + 1} revisions have ids that begin with '${text}'. Give more digits: ${ids}.`,
    { code: 'unknown-revision' },
  );
}

interface Sums {
  readonly added: number;
  readonly removed: number;
}

const sumsOf = (changes: readonly RevisionChange[]): Sums => ({
  added: sumOfChanges(changes, 'added'),
  removed: sumOfChanges(changes, 'removed'),
});

/** The photos of the set, and apart from them the controls. */
interface Difference extends Sums {
  readonly changes: readonly RevisionChange[];
  readonly controls: Sums;
}

function sumText({ added, removed }: Sums): string {
  return `+${countText(added)} -${countText(removed)}`;
}

function diffText({ changes, controls, ...photos }: Difference, { collection }: Workspace): string {
  const hasControls = controls.added + controls.removed > 0;
  const total = `${sumText(photos)}\n${hasControls ? `controls: ${sumText(controls)}\n` : ''}`;
  if (changes.length === 0) return total;
  const rows = [...groupBy(changes, ({ folder }) => folder)].map(([folder, ofFolder]) => [
    folder,
    classNameOf(collection, folder),
    `+${sumOfChanges(ofFolder, 'added')} -${sumOfChanges(ofFolder, 'removed')}`,
    ofFolder.map(changeText).join(', '),
  ]);
  return `${total}\n${tableText(['wnid', 'class', 'photos', 'why'], rows)}`;
}
