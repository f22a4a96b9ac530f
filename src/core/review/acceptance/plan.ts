import type { Acceptance, AcceptancePlan } from '../../kernel/acceptance.ts';

/** The plan of the last draw. */
export interface StoredPlan extends AcceptancePlan {
  readonly draw: number;
  /** For each look the hash of the photos that it saw, in order. */
  readonly taken: readonly string[];
}

type PlanInForce = AcceptancePlan & Pick<Acceptance, 'look' | 'draw' | 'drawAgain'>;

/**
 * The plan by which a review is decided, and its look. The stored plan is in force. If the settings have another limit or confidence,
 * nothing is decided. Settings without a limit change nothing.
 *
 * @param seen the hash of the photos of a complete review; null if it is not complete
 */
export function planInForce(stored: StoredPlan | null, settings: AcceptancePlan, seen: string | null): PlanInForce {
  const { draw = 1, taken = [] } = stored ?? {};
  const { maxLabelError, confidence, looks } = stored === null || stored.maxLabelError === null ? settings : stored;
  const place = taken.findIndex((one) => one === seen) + 1;
  const look = place > 0 && place <= looks ? place : null;
  const isUsedUp = seen !== null && look === null && taken.length >= looks;
  const drawAgain = isUsedUp ? 'looks-used' : null;
  const plan = { maxLabelError, confidence, looks, draw, look };
  return { ...plan, drawAgain: isChanged(plan, settings) ? 'plan-changed' : drawAgain };
}

function isChanged({ maxLabelError, confidence }: AcceptancePlan, settings: AcceptancePlan): boolean {
  if (settings.maxLabelError === null) return false;
  return settings.maxLabelError !== maxLabelError || settings.confidence !== confidence;
}
