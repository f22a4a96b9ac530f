import { withBasePath } from '../../base-path.ts';
import { effect, signal } from '@preact/signals';
import type { ReviewFilter, ReviewPhoto } from '../../../../core/review/desk/desk.ts';
import { countOf, countText } from '../../../../core/kernel/texts.ts';
import type { Judgement, Subject } from '../../../../core/review/events/event.ts';
import type { PhotoFacets } from '../../../../core/review/desk/facets.ts';
import { replaceAddress } from '../../address.ts';
import { errorText } from '../store/api.ts';
import { Desk } from '../desk.ts';
import type { KeyHandlers } from '../keys.ts';
import { isGone } from '../filter-chips.tsx';
import { subjectKey, type DoneAction } from '../store/history.ts';
import { afterDecision, cleared, toggledAt } from '../../grid/selection.ts';
import { TileSheet } from '../../grid/tile-sheet.ts';
import { hrefOf, searchOf } from '../view-url.ts';
import { judgementText } from '../words.ts';

/** Delay of counts after a decision, so that fast decisions cause one count on the server. */
const COUNT_MS = 400;
/** Tiles in view are read again at this interval, because other people decide at the same time. */
const REFRESH_MS = 15_000;

/** The store of the page with many photos at once. Decided photos keep their place until the grid is filled again. */
export class GridDesk extends Desk {
  readonly shownBy = 'grid';
  readonly click = 'select';
  readonly selection = this.list.selection;
  readonly keyOf = subjectKey;
  readonly sheet = new TileSheet<Subject, ReviewPhoto>(this);
  readonly facets = signal<PhotoFacets | null>(null);
  #counted = '';
  #counting: ReturnType<typeof setTimeout> | undefined;
  #refreshing: ReturnType<typeof setInterval> | undefined;
  #endEffects: readonly (() => void)[] = [];

  protected override readonly commands: KeyHandlers = {
    'select-all': () => this.sheet.selectAll(),
    open: () => this.open(this.list.at),
    view: () => this.open(this.list.at),
    filter: () => this.openDialog({ kind: 'filter' }),
  };

  override start(): () => void {
    this.store.onMoreChanged = () => this.sheet.readAgain();
    this.#refreshing = setInterval(() => void this.sheet.refresh(), REFRESH_MS);
    if (location.hash === '#filter') this.openDialog({ kind: 'filter' });
    const stop = super.start();
    this.#endEffects = [effect(() => this.#count()), effect(() => this.#writeAddress())];
    return stop;
  }

  override nameOf(wnid: string): string {
    return this.facets.value?.predicted.find((one) => one.wnid === wnid)?.name ?? super.nameOf(wnid);
  }

  get items(): readonly Subject[] {
    return this.list.subjects;
  }

  async readRows(subjects: readonly Subject[]): Promise<readonly ReviewPhoto[]> {
    return (await this.store.api.rows(subjects)).photos;
  }

  putRows(photos: readonly ReviewPhoto[]): void {
    this.store.put(photos);
  }

  noteFailed({ sha256 }: Subject): void {
    this.failed.value = new Set(this.failed.value).add(sha256);
  }

  tryPicturesAgain(): void {
    this.failed.value = new Set();
  }

  get gone(): number {
    const { cache } = this.store;
    const isGoneNow = (key: string): boolean => isGone(cache.at(key) ?? cache.change(key), this.view.value.filter);
    return [...cache.touched].filter((key) => this.list.has(key) && isGoneNow(key)).length;
  }

  /** Fills the grid again. The cursor stays on its photo if the photo still matches. */
  refresh(): void {
    void this.#fill(this.list.current);
  }

  open(position: number): void {
    const view = { ...this.view.value, photo: this.items[position] };
    history.replaceState(history.state, '', withBasePath(hrefOf(this.store.collection, 'grid', view)));
    location.assign(withBasePath(hrefOf(this.store.collection, '', view)));
  }

  /** Selects the listed ones among these photos, the cursor on the first. */
  selectPhotos(photos: readonly Subject[]): void {
    const positions = photos.flatMap((one) => this.list.positionOf(one) ?? []).toSorted((a, b) => a - b);
    const [first] = positions;
    if (first === undefined) return this.store.say('These photos are not among those shown');
    this.sheet.select({ ...positions.reduce(toggledAt, cleared(this.sheet.selection)), cursor: first, anchor: first });
  }

  protected fill(): void {
    this.tryPicturesAgain();
    this.list.fill([]);
    void this.#fill(this.view.value.photo);
  }

  protected stop(): void {
    clearTimeout(this.#counting);
    clearInterval(this.#refreshing);
    for (const end of this.#endEffects) end();
    this.sheet.stop();
    this.store.onMoreChanged = () => {};
  }

  protected get isShown(): boolean {
    return true;
  }

  protected afterDecision(judgement: Judgement, subjects: readonly Subject[]): void {
    const { sheet } = this;
    this.store.say(`${countText(subjects.length)} ${judgementText(judgement)}`);
    sheet.tapMode.value = 'one';
    sheet.select(afterDecision(sheet.selection, sheet.count));
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
    if (position === undefined) return;
    this.sheet.select({ ...cleared(this.sheet.selection), cursor: position, anchor: position });
  }

  async #fill(start: Subject | undefined): Promise<void> {
    const view = this.view.value;
    try {
      const subjects = await this.store.api.index(view.filter, this.order);
      // The reviewer has chosen another filter.
      if (view !== this.view.value) return;
      this.list.fill(subjects);
      if (start !== undefined && this.list.positionOf(start) !== undefined) this.list.show(start);
      this.trouble.value = null;
      this.isReady.value = true;
      this.store.cache.clearTouched();
      this.sheet.readAgain();
    } catch (error) {
      this.trouble.value = errorText(error);
    }
  }

  /** The address has the photo under the cursor, so that a reload and a way back lead to it. */
  #writeAddress(): void {
    if (!this.isReady.value) return;
    const photo = this.list.at === 0 ? undefined : this.list.current;
    replaceAddress(hrefOf(this.store.collection, 'grid', { ...this.view.value, photo }));
  }

  /** Reads the counts again if the filter has changed, or once the server has what this page has changed. */
  #count(): void {
    const { isSent } = this.store;
    const { done, undone } = this.store.history.value;
    const { filter } = this.view.value;
    const wanted = `${searchOf({ filter })} ${done.length} ${undone.length}`;
    if (!isSent || wanted === this.#counted) return;
    const isFirst = this.#counted === '';
    this.#counted = wanted;
    clearTimeout(this.#counting);
    this.#counting = setTimeout(() => void this.#readCounts(filter, wanted), isFirst ? 0 : COUNT_MS);
  }

  /** If the read fails, keeps the old counts: the tiles show the problem. */
  async #readCounts(filter: ReviewFilter, wanted: string): Promise<void> {
    const facets = await this.store.api.facets(filter).catch(() => null);
    if (facets !== null && wanted === this.#counted) this.facets.value = facets;
  }
}
