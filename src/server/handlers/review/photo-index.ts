import { viewOf } from '../../../app/review/desk.ts';
import { readIndex } from '../../../review/photo-index.repository.ts';
import type { Site } from '../../dashboard.ts';
import { indexQuery, parseRequest } from '../../review-requests.ts';
import type { Exchange } from '../../route.ts';
import { sendShared } from '../../shared-answer.ts';

/** Sends every photo that matches a filter, in order. */
export async function sendIndex(exchange: Exchange, site: Site): Promise<unknown> {
  const wanted = parseRequest(indexQuery, exchange.request.query);
  return sendShared(exchange, site, {
    what: ['index', wanted],
    read: (desk) => readIndex(site.app.db, viewOf(desk), wanted),
  });
}
