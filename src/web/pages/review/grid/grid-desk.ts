import { createRef } from 'preact';
import type { ReviewFilter } from '../../../../core/review/desk/desk.ts';
import { countOf, countText } from '../../../../core/kernel/texts.ts';
import type { Judgement, Subject } from '../../../../core/review/events/event.ts';
import type { PhotoFacets } from '../../../../core/review/desk/facets.ts';
import { errorText, ROWS_MAX } from '../store/api.ts';
import { Desk, type KeyHandlers } from '../desk.ts';
import { isGone } from '../filter-chips.tsx';
import { subjectKey, type DoneAction } from '../store/history.ts';
import type { TapMode } from '../../grid/selecting.ts';
import type { Tiled } from '../../grid/tiles.tsx';
import { afterDecision, allSelected, cleared, toggledAt, type Selection } from '../../grid/selection.ts';
import { hrefOf, searchOf } from '../view-url.ts';
import { judgementText } from '../words.ts';

/** Delay before a request, so that photos passing by in a fast scroll are not read. */
const SCROLLED_MS = 60;
const AGAIN_AFTER_MS = 3_000;
/** Delay of counts after a decision, so that fast decisions cause one count on the server. */
const COUNT_MS = 400;
/** Tiles in view are read again at this interval, because other people decide at the same time. */
const REFRESH_MS = 15_000;

/** The store of the page with many photos at once. Decided photos keep their place until the grid is filled again. */
export class GridDesk extends Desk implements Tiled {
  readonly shownBy = 'grid';
  readonly scroller = createRef<HTMLElement>();
  tapMode: TapMode = 'one';
  takesFocus = false;
  shape = { columns: 1, rowsInView: 1 };
  facets: PhotoFacets | null = null;
  #counted = '';
  #counting: ReturnType<typeof setTimeout> | undefined;
  /** Photos whose tiles have failed to load, by SHA-256, until they are tried again. */
  readonly #failed = new Set<string>();
  /** Photos that are up to date; false for those that are no longer listed. */
  #read = new Map<string, boolean>();
  #wanted: readonly Subject[] = [];
  #refreshing: ReturnType<typeof setInterval> | undefined;
  #reading: ReturnType<typeof setTimeout> | undefined;
  #isReading = false;
  #unsubscribe: () => void = () => {};

  protected override readonly commands: KeyHandlers = {
    'select-all': () => this.select(allSelected(this.list.selection, this.list.count)),
    open: () => this.open(this.list.at),
    view: () => this.open(this.list.at),
    filter: () => this.openDialog({ kind: 'filter' }),
  };

  override start(): () => void {
    this.store.onMoreChanged = () => this.#readAgain();
    this.#unsubscribe = this.store.subscribe(() => this.#count());
    this.#refreshing = setInterval(() => void this.#refreshInView(), REFRESH_MS);
    if (location.hash === '#filter') this.openDialog({ kind: 'filter' });
    return super.start();
  }

  override nameOf(wnid: string): string {
    return this.facets?.predicted.find((one) => one.wnid === wnid)?.name ?? super.nameOf(wnid);
  }

  get selection(): Selection {
    return this.list.selection;
  }

  get count(): number {
    return this.list.count;
  }

  isUnlisted(subject: Subject): boolean {
    return this.#read.get(subjectKey(subject)) === false;
  }

  get failed(): number {
    return this.#failed.size;
  }

  hasFailed({ sha256 }: Subject): boolean {
    return this.#failed.has(sha256);
  }

  noteFailed({ sha256 }: Subject): void {
    this.#failed.add(sha256);
    this.store.changed();
  }

  tryPicturesAgain(): void {
    this.#failed.clear();
    this.store.changed();
  }

  get gone(): number {
    const { cache } = this.store;
    const isGoneNow = (key: string): boolean => isGone(cache.at(key) ?? cache.change(key), this.view.filter);
    return [...cache.touched].filter((key) => this.list.has(key) && isGoneNow(key)).length;
  }

  /** Fills the grid again. The cursor stays on its photo if the photo still matches. */
  refresh(): void {
    void this.#fill(this.list.current);
  }

  open(position: number): void {
    const view = { ...this.view, photo: this.list.subjects[position] };
    history.replaceState(null, '', hrefOf(this.store.collection, 'grid', view));
    location.assign(hrefOf(this.store.collection, '', view));
  }

  setTapMode(mode: TapMode): void {
    this.tapMode = mode;
    this.store.changed();
  }

  select(selection: Selection): void {
    this.list.selection = selection;
    this.takesFocus = true;
    this.store.changed();
  }

  /** Selects the listed ones among these photos, the cursor on the first. */
  selectPhotos(photos: readonly Subject[]): void {
    const positions = photos.flatMap((one) => this.list.positionOf(one) ?? []).toSorted((a, b) => a - b);
    const [first] = positions;
    if (first === undefined) return this.store.say('These photos are not among those shown');
    this.select({ ...positions.reduce(toggledAt, cleared(this.list.selection)), cursor: first, anchor: first });
  }

  clear(): void {
    this.tapMode = 'one';
    this.select(cleared(this.list.selection));
  }

  get items(): readonly Subject[] {
    return this.list.subjects;
  }

  wantFrom(from: number, to: number): void {
    this.#wanted = this.list.subjects.slice(from, to);
    this.#readIn(SCROLLED_MS);
  }

  protected fill(): void {
    this.#failed.clear();
    this.list.fill([]);
    void this.#fill(this.view.photo);
  }

  protected stop(): void {
    clearTimeout(this.#counting);
    clearTimeout(this.#reading);
    clearInterval(this.#refreshing);
    this.#wanted = [];
    this.#unsubscribe();
    this.store.onMoreChanged = () => {};
  }

  protected get isShown(): boolean {
    return true;
  }

  protected afterDecision(judgement: Judgement, subjects: readonly Subject[]): void {
    this.store.say(`${countText(subjects.length)} ${judgementText(judgement)}`);
    this.tapMode = 'one';
    this.select(afterDecision(this.list.selection, this.list.count));
  }

  /** Selects the refused photos, unless the next key is for them anyway. */
  protected afterRefusal(subjects: readonly Subject[]): void {
    const areTargets = this.list.targets.length === subjects.length && !this.mayAccept;
    if (!areTargets) this.selectPhotos(subjects);
    this.store.say(`Not accepted: ${countOf(subjects.length, 'photo')} that cannot be loaded`);
  }

  protected showAgain({ subject }: DoneAction, _: 'undo' | 'redo', said: string): void {
    this.store.say(said);
    const position = this.list.positionOf(subject);
    if (position !== undefined) this.select({ ...cleared(this.list.selection), cursor: position, anchor: position });
  }

  async #fill(start: Subject | undefined): Promise<void> {
    const { view } = this;
    try {
      const subjects = await this.store.api.index(view.filter, this.order);
      // The reviewer has chosen another filter.
      if (view !== this.view) return;
      this.list.fill(subjects);
      if (start !== undefined) this.list.fill(subjects, this.list.positionOf(start) ?? 0);
      this.trouble = null;
      this.isReady = true;
      this.store.cache.touched.clear();
      this.#readAgain();
    } catch (error) {
      this.trouble = errorText(error);
    }
    this.store.changed();
  }

  #readAgain(): void {
    this.#read = new Map();
    this.#readIn(0);
  }

  /** Reads the tiles in view again. Those that cannot be read are read at the next interval. */
  async #refreshInView(): Promise<void> {
    const shown = this.#wanted.filter((one) => this.#read.has(subjectKey(one))).slice(0, ROWS_MAX);
    if (shown.length > 0 && document.visibilityState === 'visible') await this.#readRows(shown).catch(() => undefined);
  }

  #readIn(ms: number): void {
    clearTimeout(this.#reading);
    this.#reading = setTimeout(() => void this.#readWanted(), ms);
  }

  async #readWanted(): Promise<void> {
    const missing = this.#wanted.filter((one) => !this.#read.has(subjectKey(one))).slice(0, ROWS_MAX);
    if (missing.length === 0 || this.#isReading) return;
    this.#isReading = true;
    try {
      await this.#readRows(missing);
      this.#readIn(0);
    } catch (error) {
      this.trouble = errorText(error);
      this.store.changed();
      this.#readIn(AGAIN_AFTER_MS);
    } finally {
      this.#isReading = false;
    }
  }

  async #readRows(subjects: readonly Subject[]): Promise<void> {
    const read = this.#read;
    const { photos } = await this.store.api.rows(subjects);
    for (const one of subjects) read.set(subjectKey(one), false);
    for (const photo of photos) read.set(subjectKey(photo), true);
    this.trouble = null;
    this.store.put(photos);
  }

  /** Reads the counts again if the filter has changed, or once the server has what this page has changed. */
  #count(): void {
    const { history, isSent } = this.store;
    if (!isSent) return;
    const { filter } = this.view;
    const wanted = `${searchOf({ filter })} ${history.done.length} ${history.undone.length}`;
    if (wanted === this.#counted) return;
    const isFirst = this.#counted === '';
    this.#counted = wanted;
    clearTimeout(this.#counting);
    this.#counting = setTimeout(() => void this.#readCounts(filter, wanted), isFirst ? 0 : COUNT_MS);
  }

  /** If the read fails, keeps the old counts: the tiles show the problem. */
  async #readCounts(filter: ReviewFilter, wanted: string): Promise<void> {
    const facets = await this.store.api.facets(filter).catch(() => null);
    if (facets === null || wanted !== this.#counted) return;
    this.facets = facets;
    this.store.changed();
  }
}
