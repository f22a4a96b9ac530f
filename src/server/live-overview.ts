import type { Overview } from '../app/watch/overview.ts';
import type { Rates } from '../app/watch/rates.ts';
import type { FunnelStage } from '../ui/shared/funnel.tsx';

/** What a collection's page shows. */
export interface LiveOverview extends Overview {
  readonly funnel: readonly FunnelStage[];
  readonly rates: Rates;
}
