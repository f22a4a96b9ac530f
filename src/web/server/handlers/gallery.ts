import { pipeline, Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import * as z from 'zod';
import { MOST_LISTED, parsePhotoFilter, type PhotoFilter } from '../../../core/kernel/photo-filter.ts';
import type { GalleryChoices, GalleryTile } from '../../status/gallery.ts';
import type { PieceAt } from '../../status/gallery.repository.ts';
import {
  allGalleryRows,
  galleryChoices,
  galleryIndex,
  galleryPiece,
  galleryRows,
  galleryTiles,
  type GalleryDesk,
} from '../../status/gallery.process.ts';
import type { Site } from '../dashboard.ts';
import { deskOf, readerFor, showAnywayPath } from '../desk-of.ts';
import { BadRequest, bodyOf, parseRequest } from '../review-requests.ts';
import { askerOf, paramOf, queryOf, type Exchange } from '../route.ts';

async function galleryDeskOf(exchange: Exchange, site: Site): Promise<GalleryDesk> {
  const seesFolders = exchange.role === 'operator';
  return { ...(await deskOf(exchange, site)), reader: readerFor(exchange, site), seesFolders };
}

/** @throws BadRequest that quotes the part of the address that cannot be used */
function filterOf(query: URLSearchParams): PhotoFilter {
  const { filter, problem } = parsePhotoFilter(query);
  if (problem !== null) throw new BadRequest(problem);
  return filter;
}

/** Takes the place of a piece out of the query. */
function takePlace(query: URLSearchParams): PieceAt | null {
  for (const side of ['after', 'before'] as const) {
    const id = query.get(side);
    query.delete(side);
    if (id !== null) return { side, id: parseRequest(galleryId, Number(id), [side]) };
  }
  return null;
}

/** Pages that ask for the same at once share a reading. */
export async function sendGallery(exchange: Exchange, site: Site): Promise<unknown> {
  const desk = await galleryDeskOf(exchange, site);
  const query = queryOf(exchange);
  const at = takePlace(query);
  const filter = filterOf(query);
  const { workspace, ...reader } = desk;
  const key = JSON.stringify(['photos', workspace.scope.collectionId, reader, filter, at]);
  const read = async (): Promise<Buffer> =>
    Buffer.from(JSON.stringify(await (at === null ? galleryIndex(desk, filter) : galleryPiece(desk, filter, at))));
  return exchange.reply
    .type('application/json; charset=utf-8')
    .send(await site.readShared(key, read, askerOf(exchange)));
}

/** Sends all photos that match. */
export async function sendGalleryCsv(exchange: Exchange, site: Site): Promise<unknown> {
  const filter = filterOf(queryOf(exchange));
  return sendCsv(exchange, await allGalleryRows(await galleryDeskOf(exchange, site), filter));
}

export const CSV_MAX_BYTES = 4 * 1024 * 1024;
const galleryId = z.int().min(1);
/** `selectedIds` checks each of them. */
const csvBody = z.strictObject({
  ids: z.custom<readonly number[]>(
    (ids) => Array.isArray(ids) && ids.length > 0 && ids.length <= MOST_LISTED,
    `1 to ${MOST_LISTED} ids`,
  ),
});

/** Each id once. A schema would take seconds for the problems of so many. @throws BadRequest that quotes the first wrong one */
function selectedIds(exchange: Exchange): number[] {
  const { ids } = bodyOf(csvBody, exchange);
  const wrong = ids.findIndex((id) => !(Number.isSafeInteger(id) && id >= 1));
  if (wrong !== -1) parseRequest(galleryId, ids[wrong], ['ids', wrong]);
  return [...new Set(ids)];
}

export async function sendSelectionCsv(exchange: Exchange, site: Site): Promise<unknown> {
  const ids = selectedIds(exchange);
  return sendCsv(exchange, galleryRows(await galleryDeskOf(exchange, site), ids));
}

/** Sends a table that a spreadsheet can open without running a cell as a formula. */
function sendCsv({ request, reply }: Exchange, rows: AsyncGenerator<GalleryTile>): unknown {
  const csv = stringify({
    header: true,
    columns: [...COLUMNS],
    escape_formulas: true,
    cast: { boolean: String, object: (value) => (Array.isArray(value) ? value.join('|') : '') },
  });
  const file = `${paramOf(request, 'collection').replaceAll(/[^\w-]/g, '_')}-photos.csv`;
  const sent = reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="${file}"`);
  // If a row cannot be read, the connection ends, so the browser sees that the file is incomplete.
  return sent.send(pipeline(Readable.from(rows), csv, () => undefined));
}

const COLUMNS = [
  'id',
  'sha256',
  'wnid',
  'name',
  'outcome',
  'reason',
  'detail',
  'isControl',
  'maxTrueProb',
  'isLowerBound',
  'confusionWnid',
  'confusionName',
  'confusionProb',
  'tags',
  'source',
  'sourceId',
  'url',
  'pageUrl',
  'creator',
  'licence',
  'licenceUrl',
  'foundAt',
  'revisions',
] as const satisfies readonly (keyof GalleryTile)[];

const MOST_TILES = 200;
const rowsBody = z.strictObject({ ids: z.array(z.int().min(1)).max(MOST_TILES) });

export async function sendTiles(exchange: Exchange, site: Site): Promise<{ readonly photos: readonly GalleryTile[] }> {
  const { ids } = bodyOf(rowsBody, exchange);
  return { photos: await galleryTiles(await galleryDeskOf(exchange, site), ids) };
}

export async function sendChoices(exchange: Exchange, site: Site): Promise<GalleryChoices> {
  const choices = await galleryChoices(await galleryDeskOf(exchange, site));
  return { ...choices, showAnyway: showAnywayPath(exchange, site) ?? null };
}
