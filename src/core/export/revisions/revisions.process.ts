import { changeText, sumOfChanges } from '../select/changed-photos.ts';
import type { Protocol } from '../protocol.ts';
import {
  compareRevisions,
  listRevisions,
  revisionPhotos,
  type Revision,
  type RevisionDifference,
} from './revision.repository.ts';
import { shortId } from './revision-id.ts';
import { stateOfFolder } from './revision-file.process.ts';
import { groupBy } from '../../kernel/group-by.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { RevisionChanges, RevisionView } from './revision.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';

const REVISIONS_SHOWN = 20;
const COVERS = 16;

const PAIRS_KEPT = 200;

type Changes = RevisionDifference['photos'];

/** Each pair is compared once, because revisions never change, and again if a takedown changed the reasons. */
export class RevisionChangesCache {
  readonly #known = new Map<string, Promise<Changes>>();

  between(
    { app: { db }, scope }: Workspace,
    { older, newer, takenDown }: { readonly older: Sha256; readonly newer: Sha256; readonly takenDown: number },
  ): Promise<Changes> {
    const key = [scope.collectionId, older, newer, takenDown].join(' ');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const changes = compareRevisions(db, scope, { older, newer }).then(({ photos }) => photos);
    this.#known.set(key, changes);
    const [first = key] = this.#known.keys();
    if (this.#known.size > PAIRS_KEPT) this.#known.delete(first);
    // The next load tries again.
    changes.catch(() => this.#known.delete(key));
    return changes;
  }
}

export async function readRevisions(
  workspace: Workspace,
  changes: RevisionChangesCache,
): Promise<{ readonly shown: readonly RevisionView[]; readonly all: number }> {
  const { app, scope } = workspace;
  const known = await listRevisions(app.db, scope);
  const newest = known.slice(-REVISIONS_SHOWN).toReversed();
  const photos = new Map((await revisionPhotos(app.db, scope, COVERS)).map((one) => [one.id, one]));
  const sinceOlder = async (revision: Revision, older: Revision): Promise<RevisionChanges> => {
    const { takenDown = 0 } = photos.get(older.id) ?? {};
    const between = { older: older.id, newer: revision.id, takenDown };
    return changesOf(await changes.between(workspace, between), older, revision);
  };
  const shown = await Promise.all(
    newest.map(async (revision, i): Promise<RevisionView> => {
      const older = known.at(-2 - i);
      const { takenDown = 0, covers = [] } = photos.get(revision.id) ?? {};
      const folder = await stateOfFolder(revision);
      return { ...revision, folder, takenDown, covers, changes: older ? await sinceOlder(revision, older) : null };
    }),
  );
  return { shown, all: known.length };
}

function changesOf(changes: Changes, older: Revision, newer: Revision): RevisionChanges {
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

export async function revisionOf({ app: { db }, scope }: Workspace, id: string): Promise<Revision | null> {
  const known = await listRevisions(db, scope);
  return known.find((revision) => revision.id === id || shortId(revision.id) === id) ?? null;
}
