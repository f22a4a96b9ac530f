import type { Overview } from '../app/watch/overview.ts';
import type { Rates } from '../app/watch/rates.ts';

/** What a collection's page shows. */
export interface LiveOverview extends Overview {
  readonly rates: Rates;
}
