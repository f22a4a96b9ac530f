import { viewOf } from '../../../app/review/desk.ts';
import { listMatching } from '../../../review/desk.repository.ts';
import type { PhotoIndex } from '../../../review/desk.ts';
import type { Site } from '../../dashboard.ts';
import { deskOf } from '../../desk-of.ts';
import { indexQuery, parseRequest } from '../../review-requests.ts';
import type { Exchange } from '../../route.ts';

/** Sends every photo that matches a filter, in order. */
export async function sendIndex(exchange: Exchange, site: Site): Promise<PhotoIndex> {
  const { order, filter } = parseRequest(indexQuery, exchange.request.query);
  const { state, ...rest } = filter;
  const all = await listMatching(site.app.db, viewOf(await deskOf(exchange, site)), { filter: rest, order });
  const counts = { open: 0, accepted: 0, rejected: 0, unsure: 0, disputed: 0 };
  for (const photo of all) counts[photo.state] += 1;
  const shown = state === undefined ? all : all.filter((photo) => photo.state === state);
  const places = new Map<string, number>();
  for (const { wnid } of shown) if (!places.has(wnid)) places.set(wnid, places.size);
  const photos = shown.map(({ sha256, wnid }) => [sha256, places.get(wnid) ?? 0] as const);
  return { wnids: [...places.keys()], photos, counts };
}
