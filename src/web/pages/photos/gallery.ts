import { withBasePath } from '../base-path.ts';
import { computed, signal } from '@preact/signals';
import { toSha256 } from '../../../core/kernel/ids.ts';
import {
  MOST_LISTED,
  EVERY_PHOTO,
  parsePhotoFilter,
  photosPath,
  photosQuery,
  type PhotoFilter,
} from '../../../core/kernel/photo-filter.ts';
import type { GalleryChoices, GalleryIndex, GalleryPiece, GalleryTile } from '../../status/gallery.ts';
import { allSelected, itemsIn, movedTo, NOTHING_SELECTED, selectedCount, type Selection } from '../grid/selection.ts';
import { TileSheet } from '../grid/tile-sheet.ts';
import { candidatesOf, photosApi, readTiles } from './candidate.ts';
import type { KeyCommand, KeyHandlers } from '../review/keys.ts';
import { ApiError, ask, errorText, send } from '../review/store/api.ts';
import { subjectIn } from '../review/view-url.ts';
import type { Subject } from '../../../core/review/events/event.ts';

const AGAIN_AFTER_MS = 3_000;
/** Photos before the last loaded one at which the next piece is read. */
const NEAR_END = 2_000;

export const noPhotoText = (photo: string): string =>
  `The collection has no candidate ${photo}, or a blind review or your quiz hides it from you.`;

/** The store of the page with the photos of a collection. The address holds the whole filter. */
export class Gallery {
  readonly collection: string;
  readonly filter = signal<PhotoFilter>(EVERY_PHOTO);
  readonly index = signal<GalleryIndex | null>(null);
  readonly choices = signal<GalleryChoices | null>(null);
  readonly trouble = signal<string | null>(null);
  /** Why the photo that the address names by SHA-256 has no card. */
  readonly cardTrouble = signal<string | null>(null);
  readonly isFiltering = signal(false);
  readonly selection = signal<Selection>(NOTHING_SELECTED);
  readonly click = 'open';
  readonly isReady = computed(() => this.index.value !== null);
  readonly sheet = new TileSheet<number, GalleryTile>(this);
  readonly #commands: KeyHandlers = {
    'select-all': () => this.sheet.selectAll(),
    open: () => this.open(this.selection.value.cursor),
    filter: () => this.openFilter(),
  };
  /** The query of the photos that are listed or being read; null if the address has none. */
  #listed: string | null = null;
  #isReadingPiece = false;

  constructor(collection: string) {
    this.collection = collection;
  }

  isOffered(command: KeyCommand): boolean {
    return Object.hasOwn(this.#commands, command);
  }

  run(command: KeyCommand): void {
    this.#commands[command]?.();
  }

  start(): () => void {
    const follow = (): void => this.#show();
    addEventListener('popstate', follow);
    this.#show();
    void this.#readChoices();
    return () => removeEventListener('popstate', follow);
  }

  get items(): readonly number[] {
    return this.index.value?.ids ?? [];
  }

  get api(): string {
    return photosApi(this.collection);
  }

  /** A candidate is listed by its id. */
  keyOf(one: number | GalleryTile): number {
    return typeof one === 'number' ? one : one.id;
  }

  async readRows(ids: readonly number[]): Promise<readonly GalleryTile[]> {
    return readTiles(this.collection, ids);
  }

  /** True if all photos that are loaded are selected, which stands for all that match. */
  get isAllSelected(): boolean {
    return this.items.length > 0 && selectedCount(this.selection.value) === this.items.length;
  }

  /** Loads the next piece before the last loaded photo comes into view. */
  nearEnd(to: number): void {
    const { length } = this.items;
    if (this.index.value?.hasAfter === true && to + NEAR_END > length && length < MOST_LISTED)
      void this.#readPiece('after');
  }

  /** Shows the piece before the first loaded photo, from its end. */
  showEarlier(): void {
    void this.#readPiece('before');
  }

  /** All photos, those that look like one first. */
  likePath(sha256: string): string {
    return photosPath(this.collection, { like: toSha256(sha256), size: this.filter.value.size });
  }

  /** Shows another filter or photo, as a step in the browser's history unless it takes the place of the last one. */
  go(change: Partial<PhotoFilter>, isStep = true): void {
    this.visit(photosPath(this.collection, { ...this.filter.value, photo: '', ...change }), isStep);
  }

  visit(href: string, isStep = true): void {
    if (isStep) history.pushState(null, '', withBasePath(href));
    else history.replaceState(history.state, '', withBasePath(href));
    this.#show();
  }

  open(position: number): void {
    const id = this.items[position];
    if (id === undefined) return;
    this.go({ photo: String(id) });
    history.replaceState({ isOpened: true }, '');
  }

  /** The position beside the photo whose card is open; undefined at an end, or if the photo is not listed. */
  beside(by: -1 | 1): number | undefined {
    const at = this.items.indexOf(Number(this.filter.value.photo));
    return at === -1 || this.items[at + by] === undefined ? undefined : at + by;
  }

  /** Opens the card of a photo before or after the one whose card is open. */
  move(by: -1 | 1): void {
    const position = this.beside(by);
    if (position === undefined) return;
    this.selection.value = movedTo(this.selection.value, position);
    this.go({ photo: String(this.items[position]) }, false);
  }

  close = (): void => {
    const isCard = !this.isFiltering.value;
    this.isFiltering.value = false;
    this.sheet.focus();
    // At once, because the browser goes back later and a dialog tells twice that it closes.
    this.filter.value = { ...this.filter.value, photo: '' };
    if (isCard && Object(history.state).isOpened === true) history.back();
    else if (isCard) this.go({ photo: '' }, false);
  };

  openFilter(): void {
    this.isFiltering.value = true;
    if (this.choices.value === null) void this.#readChoices();
  }

  /** Downloads the selected photos as CSV, or all that match if none is selected. */
  async exportCsv(): Promise<void> {
    const { spans } = this.selection.value;
    const link = document.createElement('a');
    link.download = `${this.collection}-photos.csv`;
    this.trouble.value = null;
    try {
      if (spans.length === 0 || this.isAllSelected) link.href = withBasePath(`${this.api}/csv?${this.#listed ?? ''}`);
      else {
        const csv = await send(`${this.api}/csv`, { ids: itemsIn(this.items, spans) });
        link.href = URL.createObjectURL(await csv.blob());
      }
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) {
      this.trouble.value = errorText(error);
    }
  }

  #show(): void {
    const { filter, problem } = parsePhotoFilter(new URLSearchParams(location.search));
    const listed = photosQuery({ ...filter, photo: '', size: 'medium' });
    this.filter.value = filter;
    this.cardTrouble.value = null;
    const named = subjectIn(filter.photo);
    this.sheet.first = filter.photo === '' || named !== undefined ? null : Number(filter.photo);
    if (problem !== null || listed !== this.#listed) {
      this.index.value = null;
      this.trouble.value = problem;
      this.sheet.wantFrom(0, 0);
      this.sheet.readAgain();
      this.#listed = problem === null ? listed : null;
      if (problem === null && named === undefined) void this.#readIndex(listed);
    }
    if (named !== undefined) void this.#openNamed(named);
    this.sheet.readNow();
  }

  /** Opens the card of a photo that the address names by SHA-256 and class, and reads the photos around it. */
  async #openNamed(subject: Subject): Promise<void> {
    const asked = this.filter.value.photo;
    const ids = await candidatesOf(this.collection, subject).catch((error: unknown) => errorText(error));
    if (asked !== this.filter.value.photo) return;
    if (typeof ids === 'string') this.cardTrouble.value = ids;
    else if (ids[0] !== undefined) this.go({ photo: String(ids[0]) }, false);
    else this.cardTrouble.value = noPhotoText(asked);
    if (this.index.value === null && this.#listed !== null) void this.#readIndex(this.#listed);
  }

  async #readIndex(listed: string): Promise<void> {
    try {
      const { photo } = this.filter.value;
      const index = await ask<GalleryIndex>(
        `${this.api}?${listed}${photo === '' ? '' : `&photo=${encodeURIComponent(photo)}`}`,
      );
      // The person has chosen another filter.
      if (listed !== this.#listed) return;
      this.index.value = index;
      this.trouble.value = null;
      this.selection.value = movedTo(NOTHING_SELECTED, Math.max(0, index.ids.indexOf(Number(photo))));
    } catch (error) {
      if (listed !== this.#listed) return;
      this.trouble.value = errorText(error);
      if (!(error instanceof ApiError) || error.isPassing)
        setTimeout(() => listed === this.#listed && void this.#readIndex(listed), AGAIN_AFTER_MS);
    }
  }

  async #readPiece(side: 'after' | 'before'): Promise<void> {
    const index = this.index.value;
    const listed = this.#listed;
    if (index === null || listed === null || this.#isReadingPiece) return;
    this.#isReadingPiece = true;
    try {
      const piece = await ask<GalleryPiece>(`${this.api}?${listed}&${side}=${index.ids.at(side === 'after' ? -1 : 0)}`);
      if (index === this.index.value) this.#put(side, index, piece);
    } catch (error) {
      this.trouble.value = errorText(error);
    } finally {
      this.#isReadingPiece = false;
    }
  }

  #put(side: 'after' | 'before', index: GalleryIndex, piece: GalleryPiece): void {
    const { isAllSelected } = this;
    const isBefore = side === 'before';
    const ids = isBefore ? piece.ids : [...index.ids, ...piece.ids];
    this.index.value = isBefore ? { ...index, ...piece } : { ...index, ids, hasAfter: piece.hasAfter };
    if (isBefore) this.selection.value = movedTo(NOTHING_SELECTED, Math.max(0, ids.length - 1));
    else if (isAllSelected) this.selection.value = allSelected(this.selection.value, ids.length);
  }

  async #readChoices(): Promise<void> {
    try {
      this.choices.value = await ask<GalleryChoices>(`${this.api}/choices`);
    } catch (error) {
      this.trouble.value = errorText(error);
    }
  }
}
