import pLimit from 'p-limit';
import { LOST_BYTES_CURE, LostBytes, orLoss, type BlobStore } from '../kernel/blobs.ts';
import type { Sha256 } from '../kernel/ids.ts';
import { refetchPictures, storedPhotosOf, linkedPhotos } from './lost-bytes.repository.ts';
import { photoHashes } from './photo.repository.ts';
import type { App } from '../runtime/open/app.process.ts';
import { countLostBytes } from '../runtime/work/work-metrics.ts';
import { StopTheRun } from '../kernel/errors.ts';
import { placeText } from '../platform/blobs/blob-place.ts';

export interface LostPhotoBytes {
  readonly sha256: Sha256;
  readonly detail: string;
}

export interface LostPhoto extends LostPhotoBytes {
  readonly photoId: number;
}

export interface SetAside {
  has(photoId: number): boolean;
  /** Returns false, and sets nothing aside, if the whole store is missing and not single photos. */
  add(photos: readonly LostPhoto[]): Promise<boolean>;
}

const PHOTOS_PER_QUERY = 1_000;
/** Enough to keep a disk or a bucket busy while one blob is hashed. */
const READS_AT_ONCE = 8;

/** Maximum number of photos that are named. `winnow doctor --deep` counts all. */
const NAMED = 20;

export async function lostAmong(
  blobs: Pick<BlobStore, 'read'>,
  photos: readonly { readonly sha256: Sha256 }[],
  signal: AbortSignal,
): Promise<LostPhotoBytes[]> {
  const found = await pLimit(READS_AT_ONCE).map(photos, async ({ sha256 }) => {
    const read = signal.aborted ? null : await orLoss(blobs.read(sha256));
    return read instanceof LostBytes ? [{ sha256, detail: read.message }] : [];
  });
  return found.flat();
}

export interface LostPhotosOptions {
  /** For a long-running worker: photos are named but not left out, so it continues once their bytes are back. */
  readonly isStaying?: boolean | undefined;
  readonly onLost?: ((photos: readonly LostPhoto[]) => void) | undefined;
}

/** The photos of one run that have lost their bytes. They are named once, and left out until the run ends. */
export class LostPhotos implements SetAside {
  readonly #app: Pick<App, 'db' | 'blobs' | 'blobPlace' | 'log'>;
  readonly #options: LostPhotosOptions;
  readonly #ids = new Set<number>();

  constructor(app: Pick<App, 'db' | 'blobs' | 'blobPlace' | 'log'>, options: LostPhotosOptions) {
    this.#app = app;
    this.#options = options;
  }

  get ids(): readonly number[] {
    return this.#isStaying ? [] : [...this.#ids];
  }

  has(photoId: number): boolean {
    return !this.#isStaying && this.#ids.has(photoId);
  }

  async add(photos: readonly LostPhoto[]): Promise<boolean> {
    countLostBytes(photos.length);
    // A worker that stays waits until the disk is back.
    if (this.#isStaying && !(await isStoreThere(this.#app))) return false;
    await requireStore(this.#app);
    this.name(photos);
    return !this.#isStaying;
  }

  name(photos: readonly LostPhoto[]): void {
    const fresh = photos.filter(({ photoId }) => !this.#ids.has(photoId));
    for (const { photoId, sha256, detail } of fresh) {
      this.#ids.add(photoId);
      if (this.#ids.size <= NAMED)
        this.#app.log.warn(
          { sha256, reason: detail },
          `a photo has lost its bytes and is left out; ${LOST_BYTES_CURE}`,
        );
    }
    this.#options.onLost?.(fresh);
  }

  get #isStaying(): boolean {
    return this.#options.isStaying === true;
  }
}

export interface LostBytesFound {
  readonly lost: number;
  readonly of: number;
  readonly named: readonly LostPhotoBytes[];
}

/** Reads all bytes, and has lost ones fetched again. @throws as `requireStore`, unless `allLost` */
export async function refetchLostBytes(
  app: App,
  { signal, allLost }: { readonly signal: AbortSignal; readonly allLost: boolean },
): Promise<LostBytesFound> {
  const { db, blobs } = app;
  if (!allLost) await requireStore(app);
  const named: LostPhotoBytes[] = [];
  let lost = 0;
  let of = 0;
  let after: Sha256 | null = null;
  while (!signal.aborted) {
    const page: { sha256: Sha256 }[] = await photoHashes(db, after, PHOTOS_PER_QUERY);
    const gone = await lostAmong(blobs, page, signal);
    if (gone.length > 0) await refetchPictures(db, gone);
    named.push(...gone.slice(0, NAMED - named.length));
    lost += gone.length;
    of += page.length;
    after = page.at(-1)?.sha256 ?? null;
    if (page.length < PHOTOS_PER_QUERY) break;
  }
  return { lost, of, named };
}

/** Has the pictures of a source whose photos have lost their bytes fetched again. @throws as `requireStore` */
export async function refetchLostOf(
  app: Pick<App, 'db' | 'blobs' | 'blobPlace'>,
  { source, sourceIds }: { readonly source: string; readonly sourceIds: readonly string[] },
  signal: AbortSignal,
): Promise<number> {
  const { db, blobs } = app;
  const lost = await lostAmong(blobs, await storedPhotosOf(db, source, sourceIds), signal);
  if (lost.length === 0) return 0;
  await requireStore(app);
  await refetchPictures(db, lost, source);
  return lost.length;
}

/** Size of the sample. Hashes are evenly distributed, so the first ones are a sample. */
const SAMPLE = 100;

/**
 * True if the store has the bytes of at least one photo of a sample, or the catalogue has no photos. If false, a disk is not
 * mounted or a setting names another place. Photos that `winnow resume` has marked to be fetched again
 * do not count.
 */
async function isStoreThere({ db, blobs }: Pick<App, 'db' | 'blobs'>): Promise<boolean> {
  const sample = await linkedPhotos(db, SAMPLE);
  for (const sha256 of sample) {
    const size = await orLoss(blobs.sizeOf(sha256));
    if (typeof size === 'number') return true;
  }
  return sample.length === 0;
}

/** In a missing store, new photos would go to the wrong place and old ones count as lost. @throws StopTheRun `blobs-missing` */
export async function requireStore(app: Pick<App, 'db' | 'blobs' | 'blobPlace'>): Promise<void> {
  if (await isStoreThere(app)) return;
  throw new StopTheRun(
    `The catalogue has photos, but their bytes are not in '${placeText(app.blobPlace)}' (up to ${SAMPLE} were looked for). ` +
      'Check that the disk is mounted, and that the data folder (--data) and blobs.url (WINNOW_BLOBS_URL) are the right ones. ' +
      'If the bytes are lost, `winnow resume --all-lost` has all photos fetched again.',
    { code: 'blobs-missing' },
  );
}
