import { withBasePath } from '../../base-path.ts';
import { signal } from '@preact/signals';
import type {
  ClassPage,
  HeldPhoto,
  LeaseAnswer,
  ModelEvidence,
  PhotoEvidenceShown,
  ReviewPhoto,
} from '../../../../core/review/desk/desk.ts';
import type { CropRef } from '../../../../core/models/evidence/evidence.ts';
import type { Judgement, ShownBy, Subject } from '../../../../core/review/events/event.ts';
import { replaceAddress } from '../../address.ts';
import { errorText } from '../store/api.ts';
import { Desk } from '../desk.ts';
import type { KeyHandlers } from '../keys.ts';
import { readDisputes } from './disputes.tsx';
import { Answers, type Answer } from '../../answers.ts';
import { subjectKey, lastDecisions, type DoneAction } from '../store/history.ts';
import { Pictures } from './pictures.ts';
import { Supply } from './supply.ts';
import { hrefOf } from '../view-url.ts';
import { isHidden, judgementText, withOtherText } from '../words.ts';

const PICTURES_AHEAD = 6;
const EVIDENCE_AHEAD = 2;
const STRIP_PHOTOS = 10;

/** The classes that models predict on any crop, the most likely first. */
function predictedIn({ value: evidence }: Answer<PhotoEvidenceShown>): PhotoEvidenceShown['alsoSeen'] {
  if (evidence === null) return [];
  const tops = [...evidence.members, ...evidence.outside].flatMap(({ crops }) => crops.flatMap(({ top }) => top));
  return [...evidence.alsoSeen, ...tops].toSorted((a, b) => b.prob - a.prob);
}

/** The store of the page that shows one photo after another: leased ones, or on the page of disputes those to settle. */
export class SingleDesk extends Desk {
  readonly pictures = new Pictures(this.failed);
  readonly evidence = new Answers<PhotoEvidenceShown>();
  readonly #classPages = new Answers<ClassPage>();
  /** `null` for disputes, which are not leased, because one decision settles a photo for all. */
  readonly supply = signal<Supply | null>(null);
  #lastWnid: string | undefined;
  /** The shown photo's key if another reviewer or tab now leases it. It stays shown, because a decision may be imminent. */
  readonly #withOther = signal<{ readonly key: string; readonly held: HeldPhoto | null } | null>(null);
  /** A photo that was asked for and cannot be shown. `problem`: why it was not read; null if it is not listed for this person. */
  readonly #missing = signal<{ readonly key: string; readonly problem: string | null } | null>(null);
  /** The key of a photo that the address has named. It is shown, not leased, until the supply brings it or it gets a verdict. */
  #visited: string | null = null;

  readonly areCropsDrawn = signal(false);
  /** The crop that the pointer is on. */
  readonly crop = signal<CropRef | null>(null);

  protected override readonly commands: KeyHandlers = {
    next: () => this.#move(1),
    previous: () => this.#move(-1),
    references: () => this.openDialog({ kind: 'references', of: 'searched' }),
    'predicted-references': () => {
      if (this.photo !== null && !isHidden(this.photo)) this.openDialog({ kind: 'references', of: 'predicted' });
    },
    crops: () => (this.areCropsDrawn.value = !this.areCropsDrawn.value),
    view: () => location.assign(withBasePath(this.gridHref)),
    leave: () => location.assign(withBasePath(this.gridHref)),
    filter: () => location.assign(withBasePath(`${this.gridHref}#filter`)),
  };

  get isForDisputes(): boolean {
    return this.page === 'disputes';
  }

  get shownBy(): ShownBy {
    return this.order;
  }

  /** The evidence of the shown photo. */
  get evidenceShown(): Answer<PhotoEvidenceShown> {
    return this.evidence.get(this.photo === null ? '' : subjectKey(this.photo));
  }

  get members(): readonly ModelEvidence[] {
    return this.evidenceShown.value?.members ?? [];
  }

  readEvidenceAgain(): void {
    if (this.photo !== null) this.evidence.forget(subjectKey(this.photo));
    this.#settle();
  }

  classPage(wnid: string): ClassPage | null {
    return this.#classPages.get(wnid).value;
  }

  get gridHref(): string {
    const { filter, ...view } = this.view.value;
    const shown = this.isForDisputes ? { ...filter, state: 'disputed' as const } : filter;
    return hrefOf(this.store.collection, 'grid', { ...view, filter: shown, photo: this.list.current });
  }

  override predictedFor(photo: ReviewPhoto): readonly string[] {
    const classes = predictedIn(this.evidence.get(subjectKey(photo))).map(({ wnid }) => wnid);
    return [...new Set([...super.predictedFor(photo), ...classes])].filter((wnid) => wnid !== photo.wnid);
  }

  next(count: number): readonly ReviewPhoto[] {
    const { subjects, at } = this.list;
    return subjects.slice(at + 1, at + 1 + count).flatMap((one) => this.store.cache.photo(one) ?? []);
  }

  /** Says that another tab has the shown photo; null if none has. */
  get withOtherText(): string | null {
    const { photo } = this;
    const other = this.#withOther.value;
    if (photo?.state !== 'open' || other?.key !== subjectKey(photo)) return null;
    return withOtherText(other.held, this.store.setup.reviewer);
  }

  /** The photo that stands in the address and cannot be shown; null if there is none. */
  get missing(): (Subject & { readonly problem: string | null }) | null {
    const { current } = this.list;
    const missing = this.#missing.value;
    if (current === undefined || this.photo !== null || missing?.key !== subjectKey(current)) return null;
    return { ...current, problem: missing.problem };
  }

  get decisions(): ReturnType<typeof lastDecisions> {
    return lastDecisions(this.store.history.value, STRIP_PHOTOS);
  }

  async show(subject: Subject, said = ''): Promise<void> {
    this.list.show(subject);
    this.#settle(said);
    const isKnown = this.store.cache.photo(subject) !== undefined;
    // Another page may have a photo that is not leased.
    if (!isKnown || subjectKey(subject) === this.#visited) await this.#read(subject);
  }

  /** If the photo cannot be shown, no other one is: the address would lead to the wrong photo. */
  async #read(subject: Subject): Promise<void> {
    const key = subjectKey(subject);
    const found = await this.store.open(subject).catch((error: unknown) => errorText(error));
    const { current } = this.list;
    // The answer for a photo that was shown before must not hide that for this one.
    if (current === undefined || subjectKey(current) !== key) return;
    const problem = typeof found === 'string' ? found : null;
    if (typeof found !== 'string' && found !== null) this.#withOther.value = { key, held: found };
    if (this.store.cache.photo(subject) === undefined) {
      this.#missing.value = { key, problem };
      this.store.say('The photo of this address is not shown.');
    }
    // Another reviewer may have the photo.
    this.supply.value?.renew();
    this.#settle();
  }

  protected fill(): void {
    const { store, order } = this;
    const view = this.view.value;
    this.stop();
    this.trouble.value = null;
    this.#lastWnid = undefined;
    this.#withOther.value = null;
    this.#missing.value = null;
    this.#visited = view.photo === undefined ? null : subjectKey(view.photo);
    this.list.fill([]);
    this.isReady.value = store.outbox === null && !this.isForDisputes;
    if (this.isForDisputes) void this.#readDisputes();
    else {
      const onAnswer = (answer: LeaseAnswer | null): void => this.#take(answer);
      this.supply.value = new Supply(store, { view, order, need: () => this.#need(), onAnswer });
    }
    if (view.photo !== undefined && !this.isForDisputes) void this.show(view.photo);
    this.supply.value?.refill();
  }

  protected stop(): void {
    this.supply.value?.stop();
  }

  protected get isShown(): boolean {
    return this.photo !== null;
  }

  protected afterRefusal(): void {
    this.store.say('Not accepted: the photo cannot be loaded.');
  }

  protected afterDecision(judgement: Judgement, subjects: readonly Subject[]): void {
    const { photo } = this;
    for (const subject of subjects) this.evidence.forget(subjectKey(subject));
    this.#visited = null;
    this.#showNextOpen();
    this.#settle(`${judgementText(judgement)}: ${photo?.name}.`);
    if (judgement.reason === 'in-distribution') this.openDialog({ kind: 'seen' }, subjects);
  }

  /** Shows the photo of an undone action. After a redone decision shows the next open photo. */
  protected showAgain({ subject, judgement }: DoneAction, kind: 'undo' | 'redo', said: string): void {
    if (kind === 'undo') return void this.show(subject, said);
    this.list.show(subject);
    if (judgement !== null) this.#showNextOpen();
    this.#settle(said);
  }

  /** Moves by `by` photos, clamped to the first and last. Earlier decided photos precede the first one. */
  #move(by: number): void {
    const { list } = this;
    const isEarlier = ({ subject }: DoneAction): boolean => list.positionOf(subject) === undefined;
    const earlier = by < 0 && list.at === 0 ? this.decisions.findLast(isEarlier) : undefined;
    if (earlier !== undefined) return void this.show(earlier.subject);
    list.move(by);
    this.#settle();
  }

  async #readDisputes(): Promise<void> {
    const { store } = this;
    const view = this.view.value;
    const found = await readDisputes(store, view.filter.wnid).catch((error: unknown) => errorText(error));
    if (view !== this.view.value) return;
    if (typeof found === 'string') this.trouble.value = found;
    else {
      this.list.append(found);
      const { photo } = view;
      if (photo !== undefined) {
        // Only photos that are disputed now can be settled.
        if (this.list.positionOf(photo) === undefined) this.#missing.value = { key: subjectKey(photo), problem: null };
        this.list.show(photo);
      }
    }
    this.isReady.value = true;
    this.#settle();
  }

  #isOpen = (subject: Subject): boolean => {
    const photo = this.store.cache.photo(subject);
    return this.isForDisputes ? photo?.isSettled === false : photo?.state === 'open';
  };

  #showNextOpen(): void {
    this.list.showNextOpen(this.#isOpen);
  }

  #take(answer: LeaseAnswer | null): void {
    const { list, withOtherText: before } = this;
    const wasNone = list.current === undefined;
    this.trouble.value = this.supply.value?.problem ?? null;
    if (answer !== null) this.#put(answer);
    const { photo } = this;
    if (wasNone && photo?.state !== 'open') this.#showNextOpen();
    const isMore = this.isReady.value && wasNone && this.photo !== null;
    const { withOtherText: now } = this;
    this.isReady.value = true;
    if (isMore) this.#settle('More photos.');
    else this.#settle(before === null && now !== null ? `${now}.` : '');
  }

  #put({ photos, lost }: LeaseAnswer): void {
    this.store.put(photos);
    for (const key of photos.map(subjectKey)) {
      if (key === this.#visited) this.#visited = null;
      if (key === this.#withOther.value?.key) this.#withOther.value = null;
    }
    this.#dropLost(lost);
    this.list.append(photos);
  }

  #dropLost(lost: readonly Subject[]): void {
    const { current } = this.list;
    const shownKey = current === undefined ? '' : subjectKey(current);
    const others = lost.filter((one) => subjectKey(one) !== shownKey);
    if (others.length < lost.length) this.#withOther.value = { key: shownKey, held: null };
    else if (shownKey === this.#withOther.value?.key && shownKey !== this.#visited) this.#withOther.value = null;
    this.list.remove(others.filter(this.#isOpen));
  }

  #need() {
    const { subjects, at } = this.list;
    const isLeased = (one: Subject): boolean => this.#isOpen(one) && subjectKey(one) !== this.#visited;
    return { open: subjects.filter(isLeased), ahead: subjects.slice(at).filter(isLeased).length, from: this.#lastWnid };
  }

  /** Call after each change of the list: writes the shown photo into the address, announces it and preloads the next ones. */
  #settle(said = ''): void {
    const { photo, store, pictures, page } = this;
    replaceAddress(hrefOf(store.collection, page, { ...this.view.value, photo: this.list.current }));
    if (photo !== null) this.#lastWnid = photo.wnid;
    if (said !== '') store.say(`${said} ${this.#spoken()}`);
    const undone = store.history.value.done.at(-1);
    const ahead = this.next(PICTURES_AHEAD);
    if (photo !== null) pictures.of(photo.sha256);
    for (const { sha256 } of ahead) pictures.prepare(sha256);
    if (undone !== undefined) pictures.of(undone.subject.sha256);
    for (const one of photo === null ? [] : [photo, ...ahead.slice(0, EVIDENCE_AHEAD)]) {
      this.evidence.want(subjectKey(one), () => store.api.evidence(one));
      for (const wnid of [one.wnid, one.confusionWnid])
        if (wnid !== null) this.#classPages.want(wnid, () => store.api.classPage(wnid));
    }
    this.supply.value?.refill();
  }

  #spoken(): string {
    const { photo } = this;
    if (photo === null) return this.isReady.value ? 'No photo is left.' : '';
    return `Shown: searched as ${photo.name}${photo.confusionName === null ? '' : `, models see ${photo.confusionName}`}.`;
  }
}
