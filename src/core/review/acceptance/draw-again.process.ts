import { randomBytes } from 'node:crypto';
import type { AcceptancePlan } from '../../kernel/acceptance.ts';
import { UsageError } from '../../kernel/errors.ts';
import { countOf } from '../../kernel/texts.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { lockBulks } from '../events/review.repository.ts';
import { planInForce, type StoredPlan } from './plan.ts';
import { hasPhotosToDraw, readAcceptancePlan, storeDraw, storeAcceptancePlan } from './plan.repository.ts';

/**
 * Draws the second pass again, from the photos without a second verdict, by the plan of the settings. Only the photos of this draw
 * decide from then on. Returns the number of the draw.
 *
 * @throws UsageError `cannot-draw`: the last draw can still decide, or there is no plan or no photo to draw
 */
export async function drawAgain({ app: { db, config }, scope: { collectionId } }: Workspace): Promise<number> {
  const { acceptance: settings, secondPass } = config.review;
  if (secondPass === 0) throw cannotDraw('review.secondPass is 0, so it would draw no photo. Set it, such as to 0.1.');
  await storeAcceptancePlan(db, collectionId, settings);
  return db.transaction().execute(async (trx) => {
    // A second command that draws at the same time waits, and then finds a draw without a look.
    await lockBulks(trx, collectionId);
    const stored = await readAcceptancePlan(trx, collectionId);
    const plan = planToDraw(stored, settings);
    await storeDraw(trx, collectionId, { ...plan, salt: randomBytes(16).toString('hex') });
    if (!(await hasPhotosToDraw(trx, collectionId)))
      throw cannotDraw(
        'Every listed photo has its second verdict. Make the shortlist longer first (winnow shortlist).',
      );
    return plan.draw + 1;
  });
}

function planToDraw(stored: StoredPlan | null, settings: AcceptancePlan): AcceptancePlan & { readonly draw: number } {
  if (stored === null) throw cannotDraw('No photo has a verdict yet, so the first draw can decide. Run winnow review.');
  const { draw, taken, looks } = stored;
  const plan = settings.maxLabelError === null ? stored : settings;
  if (plan.maxLabelError === null)
    throw cannotDraw('It needs review.acceptance.maxLabelError, such as --set review.acceptance.maxLabelError=0.05.');
  if (planInForce(stored, settings, null).drawAgain === null && taken.length < looks)
    throw cannotDraw(
      `Draw ${draw} can still decide: ${taken.length} of ${countOf(looks, 'look')} taken, and its limit and confidence are those of the settings. Run winnow review until each listed photo has its verdicts.`,
    );
  return { ...plan, draw };
}

function cannotDraw(why: string): UsageError {
  return new UsageError(`winnow acceptance --draw draws nothing. ${why}`, { code: 'cannot-draw' });
}
