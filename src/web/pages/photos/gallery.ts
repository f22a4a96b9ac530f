import { createRef } from 'preact';
import { toSha256 } from '../../../core/kernel/ids.ts';
import {
  EVERY_PHOTO,
  parsePhotoFilter,
  photosPath,
  photosQuery,
  type PhotoFilter,
} from '../../../core/kernel/photo-filter.ts';
import type { GalleryChoices, GalleryIndex, GalleryTile } from '../../status/gallery.ts';
import type { TapMode } from '../grid/selecting.ts';
import { cleared, itemsIn, movedTo, NOTHING_SELECTED, type Selection } from '../grid/selection.ts';
import type { Tiled } from '../grid/tiles.tsx';
import { ApiError, ask, errorText, ROWS_MAX, send } from '../review/store/api.ts';

/** Delay before tiles are read, so that those passing by in a fast scroll are not. */
const SCROLLED_MS = 60;
const AGAIN_AFTER_MS = 3_000;
/** The state of a step in the browser's history that opened a card. */
const OPENED = 'opened';

/** The store of the page with the photos of a collection. The address holds the whole filter. */
export class Gallery implements Tiled {
  readonly collection: string;
  readonly scroller = createRef<HTMLElement>();
  filter: PhotoFilter = EVERY_PHOTO;
  index: GalleryIndex | null = null;
  choices: GalleryChoices | null = null;
  trouble: string | null = null;
  isFiltering = false;
  selection: Selection = NOTHING_SELECTED;
  tapMode: TapMode = 'one';
  takesFocus = false;
  shape = { columns: 1, rowsInView: 1 };
  /** Null for candidates that are gone. */
  readonly #tiles = new Map<number, GalleryTile | null>();
  #wanted: readonly number[] = [];
  #reading: ReturnType<typeof setTimeout> | undefined;
  #isReading = false;
  /** The query of the photos that are listed or being read; null if the address has none. */
  #listed: string | null = null;
  readonly #onChange: () => void;

  constructor(collection: string, onChange: () => void) {
    this.collection = collection;
    this.#onChange = onChange;
  }

  start(): () => void {
    const follow = (): void => this.#show();
    addEventListener('popstate', follow);
    this.#show();
    void this.#readChoices();
    return () => removeEventListener('popstate', follow);
  }

  get items(): readonly number[] {
    return this.index?.ids ?? [];
  }

  get count(): number {
    return this.items.length;
  }

  get api(): string {
    return `/c/${encodeURIComponent(this.collection)}/api/photos`;
  }

  tile(id: number): GalleryTile | null | undefined {
    return this.#tiles.get(id);
  }

  /** All photos, those that look like one first. */
  likePath(sha256: string): string {
    return photosPath(this.collection, { like: toSha256(sha256), size: this.filter.size });
  }

  /** Shows another filter or photo, as a step in the browser's history unless it takes the place of the last one. */
  go(change: Partial<PhotoFilter>, isStep = true): void {
    this.visit(photosPath(this.collection, { ...this.filter, photo: '', ...change }), isStep);
  }

  visit(href: string, isStep = true): void {
    if (isStep) history.pushState(null, '', href);
    else history.replaceState(history.state, '', href);
    this.#show();
  }

  open(position: number): void {
    const id = this.items[position];
    if (id === undefined) return;
    this.go({ photo: String(id) });
    history.replaceState(OPENED, '');
  }

  /** Opens the card of a photo before or after the one whose card is open. */
  move(by: number): void {
    const position = this.items.indexOf(Number(this.filter.photo)) + by;
    const id = this.items[position];
    if (id === undefined) return;
    this.selection = movedTo(this.selection, position);
    this.go({ photo: String(id) }, false);
  }

  close = (): void => {
    const isCard = !this.isFiltering;
    this.isFiltering = false;
    this.takesFocus = true;
    // At once, because the browser goes back later and a dialog tells twice that it closes.
    this.filter = { ...this.filter, photo: '' };
    this.#onChange();
    if (isCard && history.state === OPENED) history.back();
    else if (isCard) this.go({ photo: '' }, false);
  };

  openFilter(): void {
    this.isFiltering = true;
    if (this.choices === null) void this.#readChoices();
    this.#onChange();
  }

  setTapMode(mode: TapMode): void {
    this.tapMode = mode;
    this.#onChange();
  }

  select(selection: Selection): void {
    this.selection = selection;
    this.takesFocus = true;
    this.#onChange();
  }

  clear(): void {
    this.tapMode = 'one';
    this.select(cleared(this.selection));
  }

  wantFrom(from: number, to: number): void {
    this.#wanted = this.items.slice(from, to);
    this.#readIn(SCROLLED_MS);
  }

  /** Downloads the selected photos as CSV, or all that match if none is selected. */
  async exportCsv(): Promise<void> {
    const { spans } = this.selection;
    const link = document.createElement('a');
    link.download = `${this.collection}-photos.csv`;
    this.trouble = null;
    try {
      if (spans.length === 0) link.href = `${this.api}/csv?${this.#listed ?? ''}`;
      else {
        const csv = await send(`${this.api}/csv`, { ids: itemsIn(this.items, spans) });
        link.href = URL.createObjectURL(await csv.blob());
      }
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) {
      this.trouble = errorText(error);
    }
    this.#onChange();
  }

  #show(): void {
    const { filter, problem } = parsePhotoFilter(new URLSearchParams(location.search));
    const listed = photosQuery({ ...filter, photo: '', size: 'medium' });
    this.filter = filter;
    if (problem !== null || listed !== this.#listed) {
      this.index = null;
      this.trouble = problem;
      this.#tiles.clear();
      this.#wanted = [];
      this.#listed = problem === null ? listed : null;
      if (problem === null) void this.#readIndex(listed);
    }
    this.#readIn(0);
    this.#onChange();
  }

  async #readIndex(listed: string): Promise<void> {
    try {
      const index = await ask<GalleryIndex>(`${this.api}?${listed}`);
      // The person has chosen another filter.
      if (listed !== this.#listed) return;
      this.index = index;
      this.trouble = null;
      this.selection = NOTHING_SELECTED;
    } catch (error) {
      if (listed !== this.#listed) return;
      this.trouble = errorText(error);
      if (!(error instanceof ApiError) || error.isPassing)
        setTimeout(() => listed === this.#listed && void this.#readIndex(listed), AGAIN_AFTER_MS);
    }
    this.#onChange();
  }

  async #readChoices(): Promise<void> {
    try {
      this.choices = await ask<GalleryChoices>(`${this.api}/choices`);
    } catch (error) {
      this.trouble = errorText(error);
    }
    this.#onChange();
  }

  #readIn(ms: number): void {
    clearTimeout(this.#reading);
    this.#reading = setTimeout(() => void this.#readWanted(), ms);
  }

  async #readWanted(): Promise<void> {
    const { photo } = this.filter;
    const wanted = photo === '' ? this.#wanted : [Number(photo), ...this.#wanted];
    const ids = wanted.filter((id) => !this.#tiles.has(id)).slice(0, ROWS_MAX);
    if (ids.length === 0 || this.#isReading) return;
    this.#isReading = true;
    try {
      const { photos } = await ask<{ readonly photos: readonly GalleryTile[] }>(`${this.api}/rows`, { ids });
      for (const id of ids) this.#tiles.set(id, null);
      for (const tile of photos) this.#tiles.set(tile.id, tile);
      if (this.index !== null) this.trouble = null;
      this.#readIn(0);
    } catch (error) {
      this.trouble = errorText(error);
      this.#readIn(AGAIN_AFTER_MS);
    } finally {
      this.#isReading = false;
    }
    this.#onChange();
  }
}
