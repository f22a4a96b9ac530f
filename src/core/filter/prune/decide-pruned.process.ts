import { prunedIds } from '../../photo/pruned.repository.ts';
import type { NewDecision, PhotoToDecide } from '../rule/decision.ts';
import { readKnown } from '../../models/evidence/related-members.repository.ts';
import { withTruths } from '../run/evaluate-batch.process.ts';
import { leaked, storeBatch, type FilterDeps } from '../run/filter.process.ts';
import { decisionFor } from '../rule/judge.ts';
import { withoutDoubtful } from '../rule/near-limits.ts';
import { prunedToDecide } from './pruned-photos.repository.ts';

type Deps = Pick<
  FilterDeps,
  'db' | 'scope' | 'policy' | 'memberIds' | 'related' | 'leaksOf' | 'shouldStop' | 'onDecided'
>;

const PHOTOS_AT_A_TIME = 512;

/**
 * Drops pruned photos that the stored evidence drops under the current rules. Keeping a photo would take its bytes, and so would
 * imported evidence near a limit of the rule.
 * @throws StopTheRun `other-rules` if the catalogue has other rules for the collection by now
 */
export async function decidePruned(deps: Deps): Promise<void> {
  for (let after = 0; !deps.shouldStop();) {
    const ids = await prunedIds(deps.db, { after, limit: PHOTOS_AT_A_TIME });
    const last = ids.at(-1);
    if (last === undefined) return;
    await decideSome(await prunedToDecide(deps.db, deps.scope, ids), deps);
    after = last;
  }
}

async function decideSome(photos: readonly PhotoToDecide[], deps: Deps): Promise<void> {
  if (photos.length === 0) return;
  const { db, scope, memberIds, related = [] } = deps;
  const ids = photos.map(({ photoId }) => photoId);
  const leaks = (await deps.leaksOf?.(ids)) ?? new Map<number, string>();
  const asked = photos.map((photo) => withTruths(photo, scope));
  const known = await readKnown(db, asked, { memberIds, related });
  const judged = photos.flatMap(({ photoId, wnids }, i): NewDecision[] => {
    if (leaks.has(photoId)) return [];
    const evidence = withoutDoubtful(known.get(photoId)?.evidence ?? [], asked[i]?.truths ?? [], [deps.policy]);
    return wnids.flatMap((wnid) => decisionFor({ photoId, wnid }, evidence, deps) ?? []);
  });
  const decisions = [...leaked(photos, leaks), ...judged.filter(({ state }) => state === 'dropped')];
  if (decisions.length > 0) await storeBatch(deps, { evidence: [], decisions, mayLeak: ids });
}
