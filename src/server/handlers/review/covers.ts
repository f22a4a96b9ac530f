import { readCovers } from '../../../app/review/facets.ts';
import type { ClassCovers } from '../../../review/facets.ts';
import type { Site } from '../../dashboard.ts';
import { deskOf } from '../../desk-of.ts';
import type { Exchange } from '../../route.ts';

/** Sends photos that stand for each class. */
export async function sendCovers(exchange: Exchange, site: Site): Promise<ClassCovers> {
  return readCovers(await deskOf(exchange, site));
}
