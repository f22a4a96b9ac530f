import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { createRef } from 'preact';
import { errorText, ROWS_MAX } from '../review/store/api.ts';
import { allSelected, cleared, type Selection } from './selection.ts';

/** Delay before tiles are read, so that those passing by in a fast scroll are not. */
const SCROLLED_MS = 60;
const AGAIN_AFTER_MS = 3_000;

/** How taps select. `range`: the next tap ends a range. */
type TapMode = 'one' | 'several' | 'range';

/** A page that shows photos as tiles. `Row` is what the server says of one. */
interface TilePage<Item, Row> {
  /** The photos in display order. */
  readonly items: readonly Item[];
  readonly selection: Signal<Selection>;
  /** True once the photos are known. */
  readonly isReady: ReadonlySignal<boolean>;
  /** Why the photos or their tiles cannot be read; null if they can. */
  readonly trouble: Signal<string | null>;
  keyOf(one: Item | Row): string | number;
  /** Returns the rows of those photos that still exist. @throws ApiError */
  readRows(items: readonly Item[]): Promise<readonly Row[]>;
  /** The effect of a click on a tile. While photos are selected, and on the box of a tile, it selects. */
  readonly click: 'open' | 'select';
  /** Called with rows that were read. */
  putRows?(rows: readonly Row[]): void;
  /** Called with the position after the last photo in view. */
  nearEnd?(to: number): void;
  open(position: number): void;
}

/** The tiles of a page: those selected, and the rows of those in view, which are read as the person scrolls. */
export class TileSheet<Item = unknown, Row = unknown> {
  readonly page: TilePage<Item, Row>;
  readonly scroller = createRef<HTMLElement>();
  readonly tapMode = signal<TapMode>('one');
  /** A photo that is read before those in view. */
  first: Item | null = null;
  /** True if the tile of the cursor should take the focus when the tiles are rendered. */
  takesFocus = false;
  shape = { columns: 1, rowsInView: 1 };
  /** Rises with each change of the rows, which may be too many to be copied. */
  readonly #version = signal(0);
  #rows = new Map<string | number, Row | null>();
  #wanted: readonly Item[] = [];
  #reading: ReturnType<typeof setTimeout> | undefined;
  #isReading = false;

  constructor(page: TilePage<Item, Row>) {
    this.page = page;
  }

  get count(): number {
    return this.page.items.length;
  }

  get selection(): Selection {
    return this.page.selection.value;
  }

  select(selection: Selection): void {
    this.takesFocus = true;
    this.page.selection.value = selection;
  }

  selectAll(): void {
    this.select(allSelected(this.selection, this.count));
  }

  clear(): void {
    this.tapMode.value = 'one';
    this.select(cleared(this.selection));
  }

  /** Gives the focus to the tile of the cursor. */
  focus(): void {
    this.select({ ...this.selection });
  }

  /** The row of a photo; undefined while it is being read, null if the photo no longer exists. */
  rowOf(item: Item): Row | null | undefined {
    void this.#version.value;
    return this.#rows.get(this.page.keyOf(item));
  }

  /** Reads the photos from one position to before another one. */
  wantFrom(from: number, to: number): void {
    this.#wanted = this.page.items.slice(from, to);
    this.page.nearEnd?.(to);
    this.#readIn(SCROLLED_MS);
  }

  readNow(): void {
    this.#readIn(0);
  }

  /** Forgets all rows, and reads those in view again. */
  readAgain(): void {
    this.#rows = new Map();
    this.#version.value += 1;
    this.readNow();
  }

  /** Reads the known rows in view again. If they cannot be read, they stay as they are. */
  async refresh(): Promise<void> {
    const shown = this.#wanted.filter((one) => this.#isKnown(one)).slice(0, ROWS_MAX);
    if (shown.length > 0 && document.visibilityState === 'visible') await this.#read(shown).catch(() => undefined);
  }

  stop(): void {
    clearTimeout(this.#reading);
    this.#wanted = [];
  }

  #isKnown(item: Item): boolean {
    return this.#rows.has(this.page.keyOf(item));
  }

  #readIn(ms: number): void {
    clearTimeout(this.#reading);
    this.#reading = setTimeout(() => void this.#readWanted(), ms);
  }

  async #readWanted(): Promise<void> {
    const wanted = this.first === null ? this.#wanted : [this.first, ...this.#wanted];
    const missing = wanted.filter((one) => !this.#isKnown(one)).slice(0, ROWS_MAX);
    if (missing.length === 0 || this.#isReading) return;
    this.#isReading = true;
    try {
      await this.#read(missing);
      this.#readIn(0);
    } catch (error) {
      this.page.trouble.value = errorText(error);
      this.#readIn(AGAIN_AFTER_MS);
    } finally {
      this.#isReading = false;
    }
  }

  async #read(items: readonly Item[]): Promise<void> {
    const { page } = this;
    // If the page forgets its rows during this request, the answer is dropped with them.
    const rows = this.#rows;
    const found = await page.readRows(items);
    for (const one of items) rows.set(page.keyOf(one), null);
    for (const row of found) rows.set(page.keyOf(row), row);
    this.#version.value += 1;
    page.putRows?.(found);
    if (page.isReady.value) page.trouble.value = null;
  }
}
