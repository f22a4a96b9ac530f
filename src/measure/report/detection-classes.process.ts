import { loadClassTable } from '../../core/collection/class-table.process.ts';
import { listNameOf } from '../../core/collection/class-table.ts';
import { createClassSet } from '../../core/collection/class-set.ts';
import { firstOf } from '../../core/collection/first-of.ts';
import { batchesOf } from '../../core/kernel/batches.ts';
import { UsageError } from '../../core/kernel/errors.ts';
import type { OodLists } from '../evaluate/evaluation.ts';
import { classesOfEntries, givenName, readClassEntries } from '../evaluate/set/among.process.ts';
import { memberOf, type Ensemble } from '../../core/models/engine/ensemble.process.ts';
import { CENTRE_CROP, noCrops } from '../../core/models/evidence/evidence.ts';
import { registerClassList, registerMember, storeEvidence } from '../../core/models/evidence/evidence.repository.ts';
import { findRelatedMembers, readKnown } from '../../core/models/evidence/related-members.repository.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';
import { MODES } from '../../core/collection/modes.ts';

export interface DetectionClasses {
  /** The workspace whose models choose among these classes only. It decides nothing. In mode A the collection's own. */
  readonly workspace: Workspace;
  /** Null in mode A. */
  readonly lists: OodLists | null;
}

/**
 * The classes of the figures of detection in mode O: by default the collection's own, as the paper takes its 200 of the 1,000
 * that the rule is over. Evidence over them is that of other members, so the rule's evidence stays as it is.
 * @throws UsageError `bad-among`; `report-mode` if a collection of mode A has `among`
 */
export async function detectionClasses(workspace: Workspace, among: string | null): Promise<DetectionClasses> {
  const { collection, scope } = workspace;
  if (MODES[collection.mode].showsClass) {
    if (among === null) return { workspace, lists: null };
    throw new UsageError(
      `--among is for mode O, but '${collection.name}' is of mode A: its report takes the classes that 'among' of the collection file names. Leave out --among.`,
      { code: 'report-mode' },
    );
  }
  const table = await loadClassTable();
  const wnids =
    among === null
      ? collection.classes.wnids
      : classesOfEntries(await readClassEntries(among, table), { table, folders: new Set() });
  const outside = wnids.filter((wnid) => !collection.evidenceClasses.nameByWnid.has(wnid));
  if (outside.length > 0)
    throw new UsageError(
      `Expected classes of ImageNet-1k in --among but received ${firstOf(outside, 5).join(', ')}. The members of mode O know no others`,
      { code: 'bad-among' },
    );
  const named = wnids.map((wnid) => ({
    wnid,
    name: collection.evidenceClasses.nameByWnid.get(wnid),
    where: '--among',
  }));
  const { classes } = createClassSet(named, table);
  const viewed = { ...collection, classes, evidenceClasses: classes };
  return {
    workspace: {
      ...workspace,
      collection: viewed,
      scope: { ...scope, wnids },
      ensemble: await ensembleOver({ ...workspace, collection: viewed }),
    },
    lists: {
      among: listNameOf(wnids, table) ?? (among === null ? collection.name : givenName(among)),
      amongClasses: wnids.length,
      ruleAmong: listNameOf(scope.wnids, table) ?? collection.name,
      ruleAmongClasses: scope.wnids.length,
    },
  };
}

const AT_ONCE = 64;

/** Stores what the same model said of centre crops among more classes, as far as their logits are stored. Returns how many. */
export async function takeFromMore(
  { app }: Workspace,
  memberId: number,
  photos: readonly { readonly photoId: number }[],
): Promise<number> {
  const related = await findRelatedMembers(app.db, [memberId]);
  let taken = 0;
  for (const some of related.length === 0 ? [] : batchesOf(photos, AT_ONCE)) {
    const asked = some.map(({ photoId }) => ({ photoId, truths: [] }));
    const known = await readKnown(app.db, asked, { memberIds: [memberId], related });
    const entries = [...known].flatMap(([photoId, { gained }]) => {
      const centre = gained[0]?.[CENTRE_CROP] ?? null;
      return centre === null ? [] : [{ photoId, evidence: [noCrops().with(CENTRE_CROP, centre)], withLogits: true }];
    });
    await app.db.transaction().execute((trx) => storeEvidence(trx, entries, [memberId]));
    taken += entries.length;
  }
  return taken;
}

async function ensembleOver({ app, collection, ensemble }: Workspace): Promise<Ensemble> {
  const { wnids, sha256 } = collection.evidenceClasses;
  const listId = await registerClassList(app.db, sha256, wnids);
  const memberIds: number[] = [];
  for (const identity of ensemble.identities)
    memberIds.push(await registerMember(app.db, { ...identity, executionProvider: 'cpu' }, listId));
  return {
    ...ensemble,
    memberIds,
    members: ensemble.cards.map(({ card, classes }) => memberOf(card, { collection, classes })),
  };
}
