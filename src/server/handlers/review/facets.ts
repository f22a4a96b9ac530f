import { readFacets } from '../../../app/review/facets.ts';
import type { PhotoFacets } from '../../../review/facets.ts';
import type { Site } from '../../dashboard.ts';
import { deskOf } from '../../desk-of.ts';
import { indexQuery, parseRequest } from '../../review-requests.ts';
import type { Exchange } from '../../route.ts';

/** Sends what other filters would show. */
export async function sendFacets(exchange: Exchange, site: Site): Promise<PhotoFacets> {
  const { filter } = parseRequest(indexQuery, exchange.request.query);
  return readFacets(await deskOf(exchange, site), filter);
}
