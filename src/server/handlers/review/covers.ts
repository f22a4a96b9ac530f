import { readCovers } from '../../../app/review/facets.ts';
import type { Site } from '../../dashboard.ts';
import type { Exchange } from '../../route.ts';
import { sendShared } from '../../shared-answer.ts';

/** Sends photos that stand for each class. */
export async function sendCovers(exchange: Exchange, site: Site): Promise<unknown> {
  return sendShared(exchange, site, { what: ['covers'], read: readCovers });
}
