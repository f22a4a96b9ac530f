import * as z from 'zod';
import { parsePhotoFilter } from '../../kernel/photo-filter.ts';
import type { GalleryChoices, GalleryIndex, GalleryTile } from '../../status/gallery.ts';
import { galleryChoices, galleryIndex, galleryTiles, type GalleryDesk } from '../../status/gallery.process.ts';
import { mayAct, readerOf } from '../access/access.ts';
import type { Site } from '../dashboard.ts';
import { deskOf } from '../desk-of.ts';
import { BadRequest, bodyOf } from '../review-requests.ts';
import type { Exchange } from '../route.ts';

async function galleryDeskOf(exchange: Exchange, site: Site): Promise<GalleryDesk> {
  const seesFolders = exchange.role !== null && mayAct(exchange.role, 'operator');
  return { ...(await deskOf(exchange, site)), reader: readerOf(exchange, site), seesFolders };
}

/** @throws BadRequest that quotes the part of the address that cannot be used */
export async function sendGallery(exchange: Exchange, site: Site): Promise<GalleryIndex> {
  const { filter, problem } = parsePhotoFilter(new URLSearchParams(exchange.request.url.split('?')[1]));
  if (problem !== null) throw new BadRequest(problem);
  return galleryIndex(await galleryDeskOf(exchange, site), filter);
}

const MOST_TILES = 200;
const rowsBody = z.strictObject({ ids: z.array(z.int().min(1)).max(MOST_TILES) });

export async function sendTiles(exchange: Exchange, site: Site): Promise<{ readonly photos: readonly GalleryTile[] }> {
  const { ids } = bodyOf(rowsBody, exchange);
  return { photos: await galleryTiles(await galleryDeskOf(exchange, site), ids) };
}

export async function sendChoices(exchange: Exchange, site: Site): Promise<GalleryChoices> {
  return galleryChoices(await galleryDeskOf(exchange, site));
}
