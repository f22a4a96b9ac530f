import { createRef } from 'preact';
import { toSha256 } from '../../kernel/ids.ts';
import { EVERY_PHOTO, parsePhotoFilter, photosPath, photosQuery, type PhotoFilter } from '../../kernel/photo-filter.ts';
import type { GalleryChoices, GalleryIndex, GalleryTile } from '../../status/gallery.ts';
import type { TapMode } from '../grid/selecting.ts';
import { allSelected, cleared, itemsIn, NOTHING_SELECTED, type Selection } from '../grid/selection.ts';
import type { Tiled } from '../grid/tiles.tsx';
import { ApiError, ask, messageOf, ROWS_MAX } from '../review/store/api.ts';

/** Delay before tiles are read, so that those passing by in a fast scroll are not. */
const SCROLLED_MS = 60;
const AGAIN_AFTER_MS = 3_000;

/** The store of the page with the photos of a collection. The address holds the whole filter. */
export class Gallery implements Tiled {
  readonly collection: string;
  readonly scroller = createRef<HTMLElement>();
  filter: PhotoFilter = EVERY_PHOTO;
  index: GalleryIndex | null = null;
  choices: GalleryChoices | null = null;
  trouble: string | null = null;
  dialog: 'filter' | null = null;
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

  get ids(): readonly number[] {
    return this.index?.ids ?? [];
  }

  get items(): readonly number[] {
    return this.ids;
  }

  get count(): number {
    return this.ids.length;
  }

  get api(): string {
    return `/c/${encodeURIComponent(this.collection)}/api/photos`;
  }

  tileAt(position: number): GalleryTile | null | undefined {
    return this.tile(this.ids[position] ?? 0);
  }

  tile(id: number): GalleryTile | null | undefined {
    return this.#tiles.get(id);
  }

  hrefTo(change: Partial<PhotoFilter>): string {
    return photosPath(this.collection, { ...this.filter, photo: '', ...change });
  }

  /** All photos, those that look like one first. */
  likePath(sha256: string): string {
    return photosPath(this.collection, { like: toSha256(sha256), size: this.filter.size });
  }

  /** Shows another filter or photo, as a step in the browser's history unless it takes the place of the last one. */
  go(change: Partial<PhotoFilter>, isStep = true): void {
    this.visit(this.hrefTo(change), isStep);
  }

  visit(href: string, isStep = true): void {
    if (isStep) history.pushState(null, '', href);
    else history.replaceState(null, '', href);
    this.#show();
  }

  open(position: number): void {
    const id = this.ids[position];
    if (id !== undefined) this.go({ photo: String(id) });
  }

  /** Opens the card of a photo before or after the one whose card is open. */
  move(by: number): void {
    const position = this.ids.indexOf(Number(this.filter.photo)) + by;
    const id = this.ids[position];
    if (id === undefined) return;
    this.selection = { ...NOTHING_SELECTED, cursor: position, anchor: position };
    this.go({ photo: String(id) }, false);
  }

  close = (): void => {
    if (this.dialog === null) this.go({ photo: '' });
    this.dialog = null;
    this.takesFocus = true;
    this.#onChange();
  };

  openFilter(): void {
    this.dialog = 'filter';
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

  selectAll(): void {
    this.select(allSelected(this.selection, this.count));
  }

  clear(): void {
    this.tapMode = 'one';
    this.select(cleared(this.selection));
  }

  wantFrom(from: number, to: number): void {
    this.#wanted = this.ids.slice(from, to);
    this.#readIn(SCROLLED_MS);
  }

  /** Downloads the selected photos as CSV, or all that match if none is selected. */
  async exportCsv(): Promise<void> {
    const isAll = this.selection.spans.length === 0;
    const href = isAll ? `${this.api}/csv?${this.#listed ?? ''}` : await this.#selectedCsv();
    if (href === null) return;
    const link = document.createElement('a');
    link.href = href;
    link.download = `${this.collection}-photos.csv`;
    link.click();
    if (!isAll) URL.revokeObjectURL(href);
  }

  async #selectedCsv(): Promise<string | null> {
    const body = JSON.stringify({ ids: itemsIn(this.ids, this.selection.spans) });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${this.api}/csv`, { method: 'POST', headers, body }).catch(() => null);
    if (answer?.ok === true) return URL.createObjectURL(await answer.blob());
    this.trouble = 'The server sent no CSV. Select the photos again.';
    this.#onChange();
    return null;
  }

  #show(): void {
    const { filter, problem } = parsePhotoFilter(new URLSearchParams(location.search));
    const listed = photosQuery({ ...filter, photo: '', size: 'medium' });
    this.filter = filter;
    if (filter.photo !== '') this.#want(Number(filter.photo));
    if (problem !== null) {
      this.index = null;
      this.trouble = problem;
    } else if (listed !== this.#listed) void this.#readIndex(listed);
    this.#listed = problem === null ? listed : null;
    this.#onChange();
  }

  async #readIndex(listed: string): Promise<void> {
    this.index = null;
    this.trouble = null;
    try {
      const index = await ask<GalleryIndex>(`${this.api}?${listed}`);
      // The person has chosen another filter.
      if (listed !== this.#listed) return;
      this.index = index;
      this.selection = NOTHING_SELECTED;
    } catch (error) {
      if (listed !== this.#listed) return;
      this.trouble = messageOf(error);
      if (!(error instanceof ApiError) || error.isPassing)
        setTimeout(() => listed === this.#listed && void this.#readIndex(listed), AGAIN_AFTER_MS);
    }
    this.#onChange();
  }

  async #readChoices(): Promise<void> {
    this.choices = await ask<GalleryChoices>(`${this.api}/choices`).catch(() => null);
    this.#onChange();
  }

  #want(id: number): void {
    if (this.#tiles.has(id)) return;
    this.#wanted = [id, ...this.#wanted];
    this.#readIn(0);
  }

  #readIn(ms: number): void {
    clearTimeout(this.#reading);
    this.#reading = setTimeout(() => void this.#readWanted(), ms);
  }

  async #readWanted(): Promise<void> {
    const ids = this.#wanted.filter((id) => !this.#tiles.has(id)).slice(0, ROWS_MAX);
    if (ids.length === 0 || this.#isReading) return;
    this.#isReading = true;
    try {
      const { photos } = await ask<{ readonly photos: readonly GalleryTile[] }>(`${this.api}/rows`, { ids });
      for (const id of ids) this.#tiles.set(id, null);
      for (const photo of photos) this.#tiles.set(photo.id, photo);
      this.#readIn(0);
    } catch (error) {
      this.trouble = messageOf(error);
      this.#readIn(AGAIN_AFTER_MS);
    } finally {
      this.#isReading = false;
    }
    this.#onChange();
  }
}
