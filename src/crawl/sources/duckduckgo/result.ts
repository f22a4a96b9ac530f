import * as z from 'zod';
import type { Wnid } from '../../../kernel/ids.ts';
import { misfitPhoto, NO_RIGHTS } from '../misfit.ts';
import { pageAddress, pictureAddress, pictureId } from '../picture-address.ts';
import type { FoundPhoto } from '../source.ts';
import { shortText } from '../text.ts';

export const DUCKDUCKGO = 'duckduckgo';

/** Other keys of a result are only for display (title, thumbnail, image_token, ...). */
const resultSchema = z.object({ image: z.string(), url: z.string().optional().catch(undefined) });

/**
 * Converts a result to a candidate, identified by the address of its picture. Results state no licence and no author. The
 * licence filter of the search is a guess of Bing's and proves nothing.
 */
export function duckduckgoCandidate(result: unknown, wnid: Wnid): FoundPhoto {
  const parsed = resultSchema.safeParse(result).data;
  if (parsed !== undefined) {
    const rights = { ...NO_RIGHTS, pageUrl: pageAddress(parsed.url ?? '') };
    return { source: DUCKDUCKGO, label: wnid, ...pictureAddress(parsed.image), ...rights };
  }
  const text = JSON.stringify(result);
  const detail = `expected a result with the address of an image but received ${shortText(text, 200)}`;
  return misfitPhoto({ source: DUCKDUCKGO, sourceId: pictureId(text), label: wnid, detail });
}
