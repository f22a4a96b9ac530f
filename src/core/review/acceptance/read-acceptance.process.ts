import type { Kysely } from 'kysely';
import { decidedClasses } from '../../filter/run/decision.repository.ts';
import type { Acceptance, AcceptancePlan } from '../../kernel/acceptance.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { readSnapshot } from '../../platform/postgres/transactions.ts';
import { listReviewed } from '../events/review.repository.ts';
import { verdictOf } from '../events/verdict.ts';
import { acceptanceOf, SecondPassSample } from './acceptance.ts';
import { planInForce, type StoredPlan } from './plan.ts';
import { countUnreviewed, readAcceptancePlan, storeAcceptancePlan, takeLook } from './plan.repository.ts';

/** The parts of a workspace that it reads. */
type Reviewed = Pick<Workspace, 'scope'> & { readonly app: Pick<Workspace['app'], 'db' | 'config'> };

/** If the review is complete, this is a look, and is counted. */
export async function readAcceptance(workspace: Reviewed): Promise<Acceptance> {
  const { app, scope } = workspace;
  return lookedAt(app.db, scope.collectionId, await inspect(workspace));
}

/** For pages: never a look, so that nobody uses one up by leaving a page open. */
export async function glanceAtAcceptance(workspace: Reviewed): Promise<Acceptance> {
  const { inspection, stored, settings } = await inspect(workspace);
  return acceptanceOf(inspection, planInForce(stored, settings, inspection.seen));
}

/** The reviewed photos, and the stored plan of the same moment. */
export interface Inspected {
  readonly inspection: SecondPassSample;
  /** Null without a verdict. */
  readonly stored: StoredPlan | null;
  readonly settings: AcceptancePlan;
}

async function inspect({ app: { db, config }, scope }: Reviewed): Promise<Inspected> {
  const { secondPass, acceptance: settings } = config.review;
  const { collectionId } = scope;
  await storeAcceptancePlan(db, collectionId, settings);
  return readSnapshot(db, async (trx) => {
    const wnids = await decidedClasses(trx, scope);
    const inspection = new SecondPassSample();
    for await (const { events, isControl, ...photo } of listReviewed(trx, collectionId, {
      wnids,
      secondPass,
      reviewers: 1,
    }))
      if (!isControl) inspection.add({ ...photo, ...verdictOf(events) });
    inspection.unfinished += await countUnreviewed(trx, collectionId, wnids);
    return { inspection, stored: await readAcceptancePlan(trx, collectionId), settings };
  });
}

/** Takes the look, if the review is complete. The result is told to nobody before the look is stored. */
export async function lookedAt(
  db: Kysely<Database>,
  collectionId: number,
  { inspection, stored, settings }: Inspected,
): Promise<Acceptance> {
  const { seen } = inspection;
  const plan =
    stored === null || seen === null ? stored : await takeLook(db, collectionId, { draw: stored.draw, seen });
  return acceptanceOf(inspection, planInForce(plan, settings, seen));
}
