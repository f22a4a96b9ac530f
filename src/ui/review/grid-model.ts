import { createRef } from 'preact';
import type { OwnReview, ReviewFilter, ReviewOrder } from '../../review/desk/desk.ts';
import type { Judgement, Subject } from '../../review/events/event.ts';
import type { PhotoFacets } from '../../review/desk/facets.ts';
import { messageOf } from './api.ts';
import { GridDesk } from './grid-desk.ts';
import { judgementOf, type Command } from './keys.ts';
import { renderNow } from './render-now.ts';
import {
  afterDecision,
  allSelected,
  cleared,
  itemsIn,
  movedTo,
  NOTHING_SELECTED,
  targetsOf,
  toggledAt,
  type Selection,
} from './selection.ts';
import type { ReviewSession } from './session.ts';
import { subjectKey } from './shelf.ts';
import { hrefOf, searchOf, viewOf, type ReviewView } from './view-url.ts';

export type GridDialog = 'filter' | 'keys' | 'tags' | 'note';

/** How taps select. `range`: the next tap ends a range. */
export type TapMode = 'one' | 'several' | 'range';

/** The state of the grid page: photos, selection and commands. */
export class Grid {
  readonly session: ReviewSession;
  readonly desk: GridDesk;
  readonly facets: Facets;
  readonly scroller = createRef<HTMLElement>();
  view: ReviewView = viewOf(location.search);
  /** The photos at the time the grid was filled. Decided photos keep their place. `null` while they are being read. */
  subjects: readonly Subject[] | null = null;
  selection: Selection = NOTHING_SELECTED;
  tapMode: TapMode = 'one';
  dialog: GridDialog | null = location.hash === '#filter' ? 'filter' : null;
  /** True if the tile under the cursor takes the keyboard focus when it is rendered. */
  takesFocus = false;
  shape = { columns: 1, rowsInView: 1 };
  #trouble: string | null = null;
  #fillings = 0;

  constructor(session: ReviewSession) {
    this.session = session;
    this.desk = new GridDesk(session);
    this.facets = new Facets(session);
  }

  /** Fills the grid and follows the browser's history. Returns a function that stops it. */
  start(): () => void {
    const follow = (): void => this.#show(viewOf(location.search));
    const stop = this.session.subscribe(() => this.facets.follow(this.view.filter));
    addEventListener('popstate', follow);
    void this.#fill(this.view.photo);
    return () => {
      removeEventListener('popstate', follow);
      stop();
      this.desk.close();
      this.facets.close();
    };
  }

  get order(): ReviewOrder {
    return this.view.order ?? this.session.setup.orders[0] ?? 'lowest';
  }

  /** Why photos cannot be read; null if they can. */
  get trouble(): string | null {
    return this.#trouble ?? this.desk.trouble;
  }

  get count(): number {
    return this.subjects?.length ?? 0;
  }

  /** The photo under the cursor. */
  get current(): Subject | undefined {
    return this.subjects?.[this.selection.cursor];
  }

  /** The reviewer's own review of the target photo; `null` for several photos, and while the photo is being read. */
  get own(): OwnReview | null {
    const [[first, last] = [0, 0], ...others] = targetsOf(this.selection);
    const subject = first === last && others.length === 0 ? this.subjects?.[first] : undefined;
    return (subject === undefined ? null : this.desk.at(subject)?.mine) ?? null;
  }

  /** The name of a class, or its id if no photo of it is listed. */
  nameOf(wnid: string): string {
    const predicted = this.facets.now?.predicted.find((one) => one.wnid === wnid)?.name;
    return this.session.shelf.progress(wnid)?.name ?? predicted ?? wnid;
  }

  /** The photos to which a decision applies. */
  targets(): Subject[] {
    return itemsIn(this.subjects ?? [], targetsOf(this.selection));
  }

  hrefTo(filter: ReviewFilter): string {
    return hrefOf(this.session.collection, 'grid', { filter, order: this.view.order });
  }

  /** Shows another filter or order, as a step in the browser's history. */
  go(view: ReviewView): void {
    history.pushState(null, '', hrefOf(this.session.collection, 'grid', view));
    this.#show(view);
  }

  /** Fills the grid again. The cursor stays on its photo if the photo still matches. */
  refresh(): void {
    void this.#fill(this.current);
  }

  /** Shows one photo alone. The browser's Back returns to it in the grid. */
  open(position: number): void {
    const view = { ...this.view, photo: this.subjects?.[position] };
    history.replaceState(null, '', hrefOf(this.session.collection, 'grid', view));
    location.assign(hrefOf(this.session.collection, '', view));
  }

  setDialog(dialog: GridDialog | null): void {
    this.dialog = dialog;
    renderNow(() => this.session.changed());
  }

  setTapMode(mode: TapMode): void {
    this.tapMode = mode;
    this.session.changed();
  }

  select(selection: Selection): void {
    this.selection = selection;
    this.takesFocus = true;
    this.session.changed();
  }

  toggle(): void {
    this.select(toggledAt(this.selection, this.selection.cursor));
  }

  clear(): void {
    this.tapMode = 'one';
    this.select(cleared(this.selection));
  }

  run(command: Command): void {
    const judgement = judgementOf(command, this.session.setup.reasons);
    if (judgement !== null) this.#decide(judgement);
    else this.#doers[command]?.();
  }

  readonly #doers: Readonly<Partial<Record<Command, () => void>>> = {
    undo: () => this.#showFirst(this.desk.undo()),
    redo: () => this.#showFirst(this.desk.redo()),
    flag: () => (this.#canDecide ? this.desk.flag(this.targets()) : undefined),
    'select-all': () => this.select(allSelected(this.selection, this.count)),
    open: () => this.open(this.selection.cursor),
    view: () => this.open(this.selection.cursor),
    filter: () => this.setDialog('filter'),
    keys: () => this.setDialog('keys'),
    tags: () => (this.#canDecide ? this.setDialog('tags') : undefined),
    note: () => (this.#canDecide ? this.setDialog('note') : undefined),
  };

  get #canDecide(): boolean {
    return this.count > 0 && this.session.setup.mayReview;
  }

  #decide(judgement: Judgement): void {
    if (!this.#canDecide) return;
    this.desk.decide(this.targets(), judgement);
    this.tapMode = 'one';
    this.select(afterDecision(this.selection, this.count));
  }

  #showFirst(action: { readonly subject: Subject } | null): void {
    const position = action === null ? -1 : this.#positionOf(action.subject);
    if (position !== -1) this.select(movedTo(cleared(this.selection), position));
  }

  /** -1 if the photo is not in the grid. */
  #positionOf(wanted: Subject): number {
    return this.subjects?.findIndex((subject) => subjectKey(subject) === subjectKey(wanted)) ?? -1;
  }

  #show(view: ReviewView): void {
    this.view = view;
    this.subjects = null;
    this.facets.follow(view.filter);
    void this.#fill(view.photo);
    this.session.changed();
  }

  async #fill(start: Subject | undefined): Promise<void> {
    this.#fillings += 1;
    const filling = this.#fillings;
    try {
      const { wnids, photos } = await this.session.api.index(this.view.filter, this.order);
      // The reviewer has chosen another filter.
      if (filling !== this.#fillings) return;
      this.subjects = photos.map(([sha256, wnid]) => ({ sha256, wnid: wnids[wnid] ?? '' }));
      this.#trouble = null;
      this.desk.forgetChanges();
      this.desk.readAgain();
      const position = Math.max(0, start === undefined ? 0 : this.#positionOf(start));
      this.selection = { ...NOTHING_SELECTED, cursor: position, anchor: position };
    } catch (error) {
      this.#trouble = messageOf(error);
    }
    this.session.changed();
  }
}

/** Delay after a decision, so that fast decisions cause one count on the server. */
const WAIT_MS = 400;

/** The counts of other filters. They are re-read after this page's decisions reach the server. */
class Facets {
  /** `null` until the first read. */
  now: PhotoFacets | null = null;
  readonly #session: ReviewSession;
  /** The filter and history lengths of the last read. */
  #known = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(session: ReviewSession) {
    this.#session = session;
  }

  /** Reads the counts if the filter or the history has changed. */
  follow(filter: ReviewFilter): void {
    const { history, outbox } = this.#session;
    if (outbox.waiting > 0) return;
    const wanted = `${searchOf({ filter })} ${history.done.length} ${history.undone.length}`;
    if (wanted === this.#known) return;
    const isFirst = this.#known === '';
    this.#known = wanted;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(filter, wanted), isFirst ? 0 : WAIT_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** If the read fails, keeps the old counts: the tiles show the problem. */
  async #read(filter: ReviewFilter, wanted: string): Promise<void> {
    const facets = await this.#session.api.facets(filter).catch(() => null);
    if (facets === null || wanted !== this.#known) return;
    this.now = facets;
    this.#session.changed();
  }
}
