import { withBasePath } from '../base-path.ts';
import { signal } from '@preact/signals';
import type { OwnReview, ReviewFilter, ReviewOrder, ReviewPhoto } from '../../../core/review/desk/desk.ts';
import type { Judgement, ShownBy, Subject } from '../../../core/review/events/event.ts';
import type { DoneAction } from './store/history.ts';
import { judgementOfCommand, type KeyCommand, type KeyHandlers } from './keys.ts';
import { PhotoList } from './photo-list.ts';
import type { ReviewStore } from './store/review-store.ts';
import { hrefOf, parseView, type ReviewView } from './view-url.ts';
import { ALSO_TEXT, judgementText, MODE_WORDS } from './words.ts';

export type DialogShown =
  | { readonly kind: 'filter' | 'keys' | 'also' | 'tags' | 'note' | 'reasons' | 'more' }
  | { readonly kind: 'references'; readonly of: 'searched' | 'predicted' }
  | { readonly kind: 'compare'; readonly sha256: string }
  | { readonly kind: 'seen' };

export abstract class Desk {
  readonly store: ReviewStore;
  readonly page: 'grid' | 'disputes' | '';
  readonly list = new PhotoList();
  readonly view = signal<ReviewView>(parseView(location.search));
  /** True once the first photos were read, or none can be. */
  readonly isReady = signal(false);
  readonly trouble = signal<string | null>(null);
  /** The open dialog, with the photos for which it was opened. The page may show another one by now. */
  readonly dialog = signal<(DialogShown & { readonly subjects: readonly Subject[] }) | null>(null);
  /** The photos whose pictures have failed to load, by SHA-256. The reviewer has not seen them, and cannot accept them. */
  readonly failed = signal<ReadonlySet<string>>(new Set());
  protected readonly commands: KeyHandlers = {};
  tools: KeyHandlers = {};

  constructor(store: ReviewStore, page: Desk['page']) {
    this.store = store;
    this.page = page;
  }

  protected abstract fill(): void;
  protected abstract showAgain(action: DoneAction, kind: 'undo' | 'redo', said: string): void;
  /** False while the photo that an action is for is being read. */
  protected abstract get isShown(): boolean;
  protected abstract afterDecision(judgement: Judgement, subjects: readonly Subject[]): void;
  /** Called with the photos that were to be accepted, but whose pictures have failed to load. */
  protected abstract afterRefusal(subjects: readonly Subject[]): void;
  abstract get shownBy(): ShownBy;
  protected abstract stop(): void;

  start(): () => void {
    const follow = (): void => this.#show(parseView(location.search));
    addEventListener('popstate', follow);
    this.fill();
    return () => {
      removeEventListener('popstate', follow);
      this.stop();
    };
  }

  get order(): ReviewOrder {
    return this.view.value.order ?? this.store.setup.orders[0] ?? 'confusions';
  }

  /** The shown photo, or the one under the cursor; `null` if there is none, or while it is being read. */
  get photo(): ReviewPhoto | null {
    const { current } = this.list;
    return current === undefined ? null : (this.store.cache.photo(current) ?? null);
  }

  /** Null for several photos. On a dispute it omits the verdict, because settling is a separate decision. */
  get own(): OwnReview | null {
    const [subject, ...others] = this.list.targets;
    const mine = subject === undefined || others.length > 0 ? undefined : this.store.cache.photo(subject)?.mine;
    if (mine === undefined) return null;
    return this.page === 'disputes' ? { ...mine, verdict: null, reason: null } : mine;
  }

  hasFailed({ sha256 }: Subject): boolean {
    return this.failed.value.has(sha256);
  }

  get mayAccept(): boolean {
    return this.list.targets.some((one) => !this.hasFailed(one));
  }

  /** The name of a class, or its id if no photo of it is listed. */
  nameOf(wnid: string): string {
    const predicted = wnid === this.photo?.confusionWnid ? (this.photo.confusionName ?? wnid) : wnid;
    return this.store.cache.progress(wnid)?.name ?? predicted;
  }

  /** The name of a class that a reviewer has named; its id while the names are read. */
  nameOfFurther = (wnid: string): string => this.store.classNames()?.find((one) => one.wnid === wnid)?.name ?? wnid;

  hrefTo(filter: ReviewFilter): string {
    return hrefOf(this.store.collection, this.page, { filter, order: this.view.value.order });
  }

  /** Shows another filter or order, as a step in the browser's history. */
  go(view: ReviewView): void {
    history.pushState(null, '', withBasePath(hrefOf(this.store.collection, this.page, view)));
    this.#show(view);
  }

  openDialog(shown: DialogShown, subjects = this.list.targets): void {
    this.dialog.value = { ...shown, subjects };
  }

  closeDialog = (): void => {
    this.dialog.value = null;
  };

  /** The classes that models predict for a photo, the most likely first. */
  predictedFor({ confusionWnid }: ReviewPhoto): readonly string[] {
    return confusionWnid === null ? [] : [confusionWnid];
  }

  /** In mode O a photo that shows a class is rejected. Further classes are those of reviews, so settling a dispute names none. */
  isOffered(command: KeyCommand): boolean {
    return command !== 'also' || (this.page !== 'disputes' && MODE_WORDS[this.store.setup.mode].namesClasses);
  }

  run(command: KeyCommand): void {
    const judgement = judgementOfCommand(command, this.store.setup.reasons);
    if (judgement !== null) this.#decide(judgement);
    else if (command === 'undo' || command === 'redo') this.#takeBack(command);
    else if (command === 'keys') this.openDialog({ kind: command });
    else if (command === 'tags' || command === 'note') this.#forTargets(() => this.openDialog({ kind: command }));
    else if (command === 'also') this.#nameClasses();
    else if (command === 'mine') this.#showMine();
    else if (command === 'flag') this.#forTargets((subjects) => this.store.flag(subjects));
    else (this.commands[command] ?? this.tools[command])?.();
  }

  #show(view: ReviewView): void {
    this.view.value = view;
    this.isReady.value = false;
    this.fill();
  }

  #decide(judgement: Judgement): void {
    this.#forTargets((targets) => {
      const isUnseen = (one: Subject): boolean => judgement.verdict === 'accept' && this.hasFailed(one);
      const subjects = targets.filter((one) => !isUnseen(one));
      if (subjects.length > 0) this.#record(judgement, subjects);
      if (subjects.length < targets.length) this.afterRefusal(targets.filter(isUnseen));
    });
  }

  #record(judgement: Judgement, subjects: readonly Subject[]): void {
    if (this.page === 'disputes') this.store.record({ kind: 'adjudicate', subjects, value: judgement });
    else this.store.decide(subjects, judgement, this.shownBy);
    this.afterDecision(judgement, subjects);
  }

  #nameClasses(): void {
    this.#forTargets((subjects) => {
      if (subjects.length === 1) this.openDialog({ kind: 'also' });
      else this.store.say('Select one photo to name other classes');
    });
  }

  #showMine(): void {
    const { collection, setup } = this.store;
    if (setup.reviewer === null) this.store.say('You have no verdicts, because you have no name here');
    else location.assign(withBasePath(hrefOf(collection, 'grid', { filter: { by: setup.reviewer } })));
  }

  #forTargets(act: (subjects: readonly Subject[]) => void): void {
    const { targets } = this.list;
    if (targets.length > 0 && this.isShown && this.store.setup.mayReview) act(targets);
  }

  #takeBack(kind: 'undo' | 'redo'): void {
    const action = this.store.takeBack(kind);
    if (action === null) return;
    const many = action.photos > 1 ? ` of ${action.photos} photos` : '';
    const named = action.kind === 'also' ? ALSO_TEXT : action.kind;
    const what = action.judgement === null ? named : judgementText(action.judgement);
    this.showAgain(action, kind, `${kind === 'undo' ? 'Undone' : 'Done again'}: ${what}${many}.`);
  }
}
