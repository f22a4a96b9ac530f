import type { Subject } from '../../../core/review/events/event.ts';
import { photosQuery } from '../../../core/kernel/photo-filter.ts';
import type { GalleryIndex, GalleryTile } from '../../status/gallery.ts';
import { ask } from '../review/store/api.ts';

/** The address of the answers about the photos of a collection. */
export const photosApi = (collection: string): string => `/c/${encodeURIComponent(collection)}/api/photos`;

/** The ids of the candidates that brought a photo to a class, the first one first. @throws ApiError */
export async function candidatesOf(collection: string, { sha256, wnid }: Subject): Promise<readonly number[]> {
  const query = photosQuery({ text: sha256, class: [wnid], sort: '-time' });
  return (await ask<GalleryIndex>(`${photosApi(collection)}?${query}`)).ids;
}

/** Without candidates that the reader may not know of. @throws ApiError */
export async function readTiles(collection: string, ids: readonly number[]): Promise<readonly GalleryTile[]> {
  return (await ask<{ readonly photos: readonly GalleryTile[] }>(`${photosApi(collection)}/rows`, { ids })).photos;
}

/** The tiles of a photo of a class in the gallery: none if the reader may not know of it. @throws ApiError */
export async function tilesOf(collection: string, subject: Subject): Promise<readonly GalleryTile[]> {
  const [id] = await candidatesOf(collection, subject);
  return id === undefined ? [] : readTiles(collection, [id]);
}
