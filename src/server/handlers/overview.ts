import { readerOf } from '../access.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';

/** Sends what the dashboard of a collection shows now. */
export async function sendOverview(exchange: Exchange, site: Site): Promise<unknown> {
  const { read } = await site.collections.open(paramOf(exchange.request, 'collection'));
  return (await read())[readerOf(exchange, site)];
}
