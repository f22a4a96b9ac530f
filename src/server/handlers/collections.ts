import type { Site } from '../dashboard.ts';
import type { Exchange } from '../route.ts';

/** The collections with their funnels. */
export function sendCollections(_exchange: Exchange, { readCards }: Site): Promise<unknown> {
  return readCards();
}
