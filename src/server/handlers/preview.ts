import { previewOf } from '../../app/photos/thumbnails.ts';
import type { Site } from '../dashboard.ts';
import type { Exchange } from '../route.ts';
import { sendSmallCopy } from './small-copy.ts';

/** Sends a photo as WebP, as large as a screen can show it. */
export function sendPreview(exchange: Exchange, site: Site): Promise<unknown> {
  return sendSmallCopy(exchange, site, previewOf);
}
