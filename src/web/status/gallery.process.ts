import path from 'node:path';
import type { Transaction } from 'kysely';
import { MODES } from '../../core/collection/modes.ts';
import { ownSources } from '../../core/crawl/candidates/query.repository.ts';
import { SOURCE_NAMES } from '../../core/config/sources/sources.ts';
import { pathOfFileUrl } from '../../core/crawl/sources/folder/byte-path.ts';
import { decidedClasses } from '../../core/filter/run/decision.repository.ts';
import { codeOf, UsageError } from '../../core/kernel/errors.ts';
import type { Reader } from '../../core/kernel/people.ts';
import { beyondCrawl, unfitText, type PhotoFilter } from '../../core/kernel/photo-filter.ts';
import { withoutFolders } from '../../core/kernel/printable.ts';
import { similarPhotos } from '../../core/models/evidence/feature.repository.ts';
import type { Database } from '../../core/platform/postgres/database.ts';
import { limitStatements, STATEMENT_ENDED } from '../../core/platform/postgres/transactions.ts';
import { classNameOf, type Workspace } from '../../core/models/workspace/workspace.process.ts';
import { photoFacts } from '../../core/photo/photo.repository.ts';
import { hiddenPhotos, mayKnow, openBlindReviews } from '../../core/review/desk/known-photos.repository.ts';
import { deskViewOf, type DeskContext } from '../../core/review/desk/read-desk.process.ts';
import { BLIND_GALLERY, requireOwn } from '../../core/review/events/standing-verdicts.repository.ts';
import { FAILURE_TAGS } from '../../core/review/events/tags.ts';
import { PIECE, type GalleryChoices, type GalleryIndex, type GalleryPiece, type GalleryTile } from './gallery.ts';
import type { GalleryView } from './gallery-filter.repository.ts';
import { countGallery } from './gallery-total.repository.ts';
import {
  allIds,
  looksAtAll,
  readGallery,
  readPiece,
  readTiles,
  readSources,
  type GalleryQuery,
  type PieceAt,
} from './gallery.repository.ts';

/** The code of an error: a part of a gallery's address cannot be used. */
export const BAD_PHOTO_FILTER = 'bad-photo-filter';

/** Someone who looks at the gallery. */
export interface GalleryDesk extends DeskContext {
  readonly reader: Reader;
  /** False for people who need not know the folders of this machine. */
  readonly seesFolders: boolean;
}

async function galleryView({ reader, ...desk }: GalleryDesk): Promise<GalleryView> {
  const { app, ensemble } = desk.workspace;
  const view = await deskViewOf(desk);
  const blind = reader === 'operators' ? [] : await openBlindReviews(app.db, view);
  const isCrawlOnly = blind.includes(view.scope.collectionId);
  const readsOwn = isCrawlOnly || (reader !== 'operators' && (await hiddenPhotos(app.db, view)).length > 0);
  return { ...view, reader, memberIds: ensemble.memberIds, isCrawlOnly, blind, readsOwn };
}

/** @throws UsageError `bad-photo-filter`, `blind-gallery` */
export async function galleryIndex(desk: GalleryDesk, filter: PhotoFilter, limit = PIECE): Promise<GalleryIndex> {
  const query = await galleryQuery(desk, filter);
  const id = /^\d+$/.test(filter.photo) ? Number(filter.photo) : null;
  return readInTime(desk, query, async (trx) => {
    const piece = (await readPiece(trx, query, { side: 'around', id, limit })) ?? NOTHING;
    const isAll = !piece.hasBefore && !piece.hasAfter;
    return { ...piece, total: isAll ? piece.ids.length : await countGallery(trx, query) };
  });
}

/** The most that a page waits for a statement that compares every candidate, instead of the server's limit. */
const PATIENCE_MS = 5_000;

/** @throws UsageError `bad-photo-filter` if the filter compares every candidate and there are too many */
async function readInTime<T>(
  { workspace }: GalleryDesk,
  query: GalleryQuery,
  read: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  const { db, config } = workspace.app;
  if (!looksAtAll(query.filter)) return readGallery(db, query, read);
  const limitMs = Math.min(PATIENCE_MS, config.server.statementTimeoutMs);
  return readGallery(db, query, async (trx) => {
    await limitStatements(trx, limitMs);
    return read(trx).catch((error: unknown) => {
      if (codeOf(error) !== STATEMENT_ENDED) throw error;
      const text = `This search looks at every photo and took longer than ${limitMs / 1_000} s. Choose a class, then search again.`;
      throw new UsageError(text, { code: BAD_PHOTO_FILTER });
    });
  });
}

const NOTHING: GalleryPiece = { ids: [], hasBefore: false, hasAfter: false };

/** The candidates beside one that the page has. @throws UsageError `bad-photo-filter` if that one does not match any more */
export async function galleryPiece(
  desk: GalleryDesk,
  filter: PhotoFilter,
  { limit = PIECE, ...at }: PieceAt & { readonly limit?: number },
): Promise<GalleryPiece> {
  const query = await galleryQuery(desk, filter);
  const piece = await readInTime(desk, query, (trx) => readPiece(trx, query, { ...at, limit }));
  if (piece === null)
    throw refused(at.side, String(at.id), 'a candidate that still matches the filter: load the page again');
  return piece;
}

async function galleryQuery(desk: GalleryDesk, filter: PhotoFilter): Promise<GalleryQuery> {
  const { workspace, reader } = desk;
  const { db } = workspace.app;
  const { like, text } = filter;
  const view = await galleryView(desk);
  await requireKnownValues(workspace, filter);
  if (view.isCrawlOnly) requireCrawlFilter(filter);
  requireOwn(view, filter);
  if (like !== null && (await photoFacts(db, like)) === undefined)
    throw refused('like', like, 'the SHA-256 of a photo of this catalogue');
  if (like !== null && reader === 'others' && !view.isCrawlOnly && !(await mayKnow(db, view, like)))
    throw refused('like', like, 'a photo that no blind review and no question of your quiz hides from you');
  // Only photos that the filter keeps have features.
  const hasFeatures = like !== null && !view.isCrawlOnly;
  const similar = hasFeatures ? await similarPhotos(db, workspace.scope.collectionId, like) : new Map<number, number>();
  return { view, filter, named: classesNamed(workspace, text), similar };
}

function requireCrawlFilter(filter: PhotoFilter): void {
  const part = beyondCrawl(filter);
  if (part === null) return;
  throw new UsageError(
    `The address has ${part.slice(0, 100)}, but this review is blind and still wants verdicts of yours. Until then the gallery shows what the crawl knows: filter by state (found to duplicate), the reasons of the crawl, class, source, licence, text and date, and sort by time.`,
    { code: BLIND_GALLERY },
  );
}

async function requireKnownValues(
  { app, collection }: Workspace,
  { class: classes, seen, source }: PhotoFilter,
): Promise<void> {
  const { name, subjects, evidenceClasses } = collection;
  const noClass = classes.find((wnid) => !subjects.has(wnid));
  if (noClass !== undefined) throw refused('class', noClass, `the id of a class of '${name}'`);
  const noSeen = seen.find((wnid) => !evidenceClasses.nameByWnid.has(wnid));
  if (noSeen !== undefined) throw refused('seen', noSeen, `the id of a class that the models of '${name}' see`);
  const known = source.length === 0 ? [] : [...SOURCE_NAMES, ...(await ownSources(app.db))];
  const noSource = source.find((one) => !known.includes(one));
  if (noSource !== undefined) throw refused('source', noSource, `one of ${known.join(', ')}`);
}

function refused(name: string, value: string, fits: string): UsageError {
  return new UsageError(unfitText(name, value, fits), { code: BAD_PHOTO_FILTER });
}

function classesNamed({ collection }: Workspace, text: string): string[] {
  const part = text.toLowerCase();
  const ids = new Set([...(collection.subjects.ids ?? []), ...collection.evidenceClasses.wnids]);
  return part === '' ? [] : [...ids].filter((wnid) => classNameOf(collection, wnid).toLowerCase().includes(part));
}

/** In the order of the ids, without candidates that the reader may not know of. */
export async function galleryTiles(
  desk: GalleryDesk,
  ids: readonly number[],
  view?: GalleryView,
): Promise<readonly GalleryTile[]> {
  const { app, collection } = desk.workspace;
  const rows = await readTiles(app.db, view ?? (await galleryView(desk)), ids);
  const tileOf = (row: (typeof rows)[number]): GalleryTile => ({
    ...(desk.seesFolders ? row : withoutOwnFolders(row)),
    name: classNameOf(collection, row.wnid),
    confusionName: row.confusionWnid && classNameOf(collection, row.confusionWnid),
  });
  const byId = new Map(rows.map((row) => [row.id, tileOf(row)]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

/** Without the folders of this machine. Those with spaces in their names are found in the detail by the address of the file. */
export function withoutOwnFolders<Row extends Pick<GalleryTile, 'url' | 'detail'>>(row: Row): Row {
  const folder = row.url.startsWith('file:') ? `${path.dirname(pathOfFileUrl(row.url).toString())}/` : '/';
  const detail = folder === '/' ? row.detail : row.detail?.replaceAll(folder, '');
  return { ...row, url: withoutFolders(row.url), detail: detail ? withoutFolders(detail) : null };
}

const READ_AT_ONCE = 5_000;

export async function* galleryRows(desk: GalleryDesk, ids: readonly number[]): AsyncGenerator<GalleryTile> {
  // To see what is blind takes as long as to read thousands of rows.
  const view = await galleryView(desk);
  for (let at = 0; at < ids.length; at += READ_AT_ONCE)
    yield* await galleryTiles(desk, ids.slice(at, at + READ_AT_ONCE), view);
}

/** All that match. @throws UsageError as `galleryIndex`, before the first row */
export async function allGalleryRows(desk: GalleryDesk, filter: PhotoFilter): Promise<AsyncGenerator<GalleryTile>> {
  const pieces = allIds(desk.workspace.app.db, await galleryQuery(desk, filter));
  return (async function* rows() {
    for await (const ids of pieces) yield* galleryRows(desk, ids);
  })();
}

export async function galleryChoices(desk: GalleryDesk): Promise<Omit<GalleryChoices, 'showAnyway'>> {
  const { app, collection, scope } = desk.workspace;
  const named = (wnids: readonly string[]): [string, string][] =>
    wnids
      .map((wnid): [string, string] => [wnid, classNameOf(collection, wnid)])
      .toSorted(([, a], [, b]) => a.localeCompare(b, 'en'));
  return {
    isCrawlOnly: (await galleryView(desk)).isCrawlOnly,
    mode: collection.mode,
    threshold: MODES[collection.mode].mark(collection.policy),
    classes: named(await decidedClasses(app.db, scope)),
    seen: named(collection.evidenceClasses.wnids),
    ...(await readSources(app.db, scope)),
    tags: FAILURE_TAGS,
  };
}
