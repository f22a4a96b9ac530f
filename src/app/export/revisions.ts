import { changeText, sumOfChanges } from '../../export/changed-photos.ts';
import type { Protocol } from '../../export/protocol.ts';
import { compareRevisions, listRevisions, revisionPhotos, type Revision } from '../../export/revision.repository.ts';
import { shortId } from '../../export/revision-id.ts';
import { stateOfFolder } from '../../export/revision-file.process.ts';
import { groupBy } from '../../kernel/group-by.ts';
import type { RevisionChanges, RevisionView } from '../../ui/revisions/revision.ts';
import type { Workspace } from '../open/workspace.ts';

/** Revisions on the page. Each is compared with the one before it, photo by photo. */
const REVISIONS_SHOWN = 20;
/** Photos that stand for a revision: as many as a wide window has room for. */
const COVERS = 16;

/** The newest revisions of a collection, newest first, and how many there are. */
export async function readRevisions({
  app: { db },
  scope,
}: Workspace): Promise<{ readonly shown: readonly RevisionView[]; readonly all: number }> {
  const known = await listRevisions(db, scope);
  const photos = new Map((await revisionPhotos(db, scope, COVERS)).map((one) => [one.id, one]));
  const newest = known.slice(-REVISIONS_SHOWN).toReversed();
  const shown = await Promise.all(
    newest.map(async (revision, i): Promise<RevisionView> => {
      const older = known.at(-2 - i);
      const { takenDown = 0, covers = [] } = photos.get(revision.id) ?? {};
      const ids = { older: older?.id ?? revision.id, newer: revision.id };
      return {
        ...revision,
        folder: await stateOfFolder(revision),
        takenDown,
        covers,
        changes: older === undefined ? null : changesOf(await compareRevisions(db, scope, ids), older, revision),
      };
    }),
  );
  return { shown, all: known.length };
}

function changesOf(
  changes: Awaited<ReturnType<typeof compareRevisions>>,
  older: Revision,
  newer: Revision,
): RevisionChanges {
  const nameOf = namesIn(older.protocol, newer.protocol);
  return {
    since: shortId(older.id),
    added: sumOfChanges(changes, 'added'),
    removed: sumOfChanges(changes, 'removed'),
    classes: [...groupBy(changes, ({ folder }) => folder)].map(([wnid, ofClass]) => ({
      wnid,
      name: nameOf(wnid),
      added: sumOfChanges(ofClass, 'added'),
      removed: sumOfChanges(ofClass, 'removed'),
      why: ofClass.map(changeText).join(', '),
    })),
  };
}

/** The names that the revisions themselves have: the collection may have changed since. */
function namesIn(...protocols: readonly Protocol[]): (wnid: string) => string {
  const names = new Map(protocols.flatMap(({ classes }) => classes.map(({ wnid, name }) => [wnid, name])));
  return (wnid) => names.get(wnid) ?? wnid;
}

/** A revision by its id, or by the beginning of the id that people are shown. */
export async function revisionOf({ app: { db }, scope }: Workspace, id: string): Promise<Revision | null> {
  const known = await listRevisions(db, scope);
  return known.find((revision) => revision.id === id || shortId(revision.id) === id) ?? null;
}
