import { thumbnailOf } from '../../app/photos/thumbnails.ts';
import type { Site } from '../dashboard.ts';
import type { Exchange } from '../route.ts';
import { sendSmallCopy } from './small-copy.ts';

/** Sends a small WebP of a photo. */
export function sendThumbnail(exchange: Exchange, site: Site): Promise<unknown> {
  return sendSmallCopy(exchange, site, thumbnailOf);
}
