import { readClassPage } from '../../../app/review/class-page.ts';
import type { ClassPage } from '../../../review/desk.ts';
import type { Site } from '../../dashboard.ts';
import { deskOf } from '../../desk-of.ts';
import { paramOf, type Exchange } from '../../route.ts';

/** Sends what a page tells about one class. */
export async function sendClassPage(exchange: Exchange, site: Site): Promise<ClassPage> {
  return readClassPage(await deskOf(exchange, site), paramOf(exchange.request, 'wnid'));
}
