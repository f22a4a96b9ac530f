import { readFacets } from '../../../app/review/facets.ts';
import type { Site } from '../../dashboard.ts';
import { indexQuery, parseRequest } from '../../review-requests.ts';
import type { Exchange } from '../../route.ts';
import { sendShared } from '../../shared-answer.ts';

/** Sends what other filters would show. */
export async function sendFacets(exchange: Exchange, site: Site): Promise<unknown> {
  const { filter } = parseRequest(indexQuery, exchange.request.query);
  return sendShared(exchange, site, { what: ['facets', filter], read: (desk) => readFacets(desk, filter) });
}
