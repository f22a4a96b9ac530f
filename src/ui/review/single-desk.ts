import type {
  ClassPage,
  LeaseAnswer,
  ModelEvidence,
  PhotoEvidenceShown,
  ReviewOrder,
  ReviewPhoto,
} from '../../review/desk/desk.ts';
import type { Judgement, Subject } from '../../review/events/event.ts';
import { messageOf } from './api.ts';
import { readDisputes } from './disputes-read.ts';
import { Fetched } from './fetched.ts';
import { lastDecisions, nextUndo } from './history.ts';
import { Pictures } from './pictures.ts';
import { EMPTY_QUEUE, goTo, hasSubject, move, shownIn, toNextOpen, withMore, without, type Queue } from './queue.ts';
import type { ReviewSession } from './session.ts';
import { subjectKey } from './shelf.ts';
import { Supply, type SupplyOptions } from './supply.ts';
import type { ReviewView } from './view-url.ts';
import { judgementText } from './words.ts';

/** Photos ahead whose pictures and evidence are preloaded. */
const PICTURES_AHEAD = 6;
const EVIDENCE_AHEAD = 4;
const STRIP_PHOTOS = 10;

/** The state of the single view: the shown photo, the queue and the commands. */
export class SingleDesk {
  readonly session: ReviewSession;
  readonly order: ReviewOrder;
  readonly view: ReviewView;
  /** True on the page of disputes, whose photos a reviewer must settle. */
  readonly isForDisputes: boolean;
  readonly pictures = new Pictures();
  readonly evidence: Fetched<PhotoEvidenceShown>;
  readonly #classPages: Fetched<ClassPage>;
  /** True once the first request has ended, or if none is made. */
  isReady: boolean;
  #queue: Queue = EMPTY_QUEUE;
  /** `null` for disputes, which are not leased, because one decision settles a photo for all. */
  readonly #supply: Supply | null;
  #lastWnid: string | undefined;
  /** The shown photo's key if another reviewer or tab now leases it. It stays shown, because a decision may be imminent. */
  #withOther: string | null = null;
  /** Number of photos being read to be shown. */
  #loading = 0;
  /** Why the disputes cannot be read. */
  #trouble: string | null = null;

  constructor(session: ReviewSession, view: ReviewView, isForDisputes: boolean) {
    this.session = session;
    this.view = view;
    this.isForDisputes = isForDisputes;
    this.isReady = session.client === null && !isForDisputes;
    this.order = view.order ?? session.setup.orders[0] ?? 'confusions';
    this.evidence = new Fetched(() => session.changed());
    this.#classPages = new Fetched(() => session.changed());
    this.#supply = isForDisputes
      ? null
      : new Supply(session, {
          view,
          order: this.order,
          need: () => this.#need(),
          onAnswer: (answer) => this.#take(answer),
        });
    if (isForDisputes) void this.#readDisputes();
    if (view.photo !== undefined) void this.show(view.photo);
    this.#supply?.refill();
  }

  close(): void {
    this.#supply?.stop();
  }

  /** The shown photo; `null` if none is left, or while it is being read. */
  get photo(): ReviewPhoto | null {
    const subject = shownIn(this.#queue);
    return subject === null ? null : (this.session.shelf.photo(subject) ?? null);
  }

  /** The evidence of the shown photo; a string if it cannot be read, `null` while it is being read. */
  get evidenceShown(): PhotoEvidenceShown | string | null {
    const { photo } = this;
    return photo === null ? null : this.evidence.get(subjectKey(photo));
  }

  /** The members' evidence of the shown photo; empty until it is read. */
  get members(): readonly ModelEvidence[] {
    const { evidenceShown: known } = this;
    return known === null || typeof known === 'string' ? [] : known.members;
  }

  classPage(wnid: string | undefined): ClassPage | null {
    const page = wnid === undefined ? null : this.#classPages.get(wnid);
    return typeof page === 'string' ? null : page;
  }

  /** The same photos in the grid. */
  get gridView(): ReviewView {
    const { filter } = this.view;
    return { ...this.view, filter: this.isForDisputes ? { ...filter, state: 'disputed' } : filter, photo: undefined };
  }

  /** The position of the shown photo in the queue, from 1. */
  get place(): { readonly at: number; readonly of: number } {
    const { subjects, at } = this.#queue;
    return { at: Math.min(at + 1, subjects.length), of: subjects.length };
  }

  /** The next photos after the shown one. */
  next(count: number): readonly ReviewPhoto[] {
    const { subjects, at } = this.#queue;
    return subjects.slice(at + 1, at + 1 + count).flatMap((one) => this.session.shelf.photo(one) ?? []);
  }

  /** Why no photo is shown. */
  get emptiness(): { readonly problem: string | null; readonly withOthers: number } {
    return { problem: this.#trouble ?? this.#supply?.problem ?? null, withOthers: this.#supply?.noneLeft?.open ?? 0 };
  }

  /** True if another reviewer or tab now has the lease of the shown photo. */
  get isWithOther(): boolean {
    const { photo } = this;
    return photo !== null && photo.state === 'open' && subjectKey(photo) === this.#withOther;
  }

  /** True if the view has had the number of photos that it asks for. Others may still be open. */
  get isComplete(): boolean {
    return this.#supply?.isComplete ?? false;
  }

  /** Judges the shown photo and shows the next one. */
  decide(judgement: Judgement): void {
    const { photo } = this;
    if (photo === null) return;
    const { sha256, wnid, name } = photo;
    const subjects = [{ sha256, wnid }];
    if (this.isForDisputes) this.session.record({ kind: 'adjudicate', subjects, value: judgement });
    else this.session.decide(subjects, judgement, this.order);
    this.evidence.forget(subjectKey(photo));
    this.#toNextOpen();
    this.#settle(`${judgementText(judgement)}: ${name}.`);
  }

  flag(): void {
    const { photo } = this;
    if (photo !== null) this.session.flag([{ sha256: photo.sha256, wnid: photo.wnid }]);
  }

  /** Undoes the last action and shows its photo. */
  undo(): void {
    const action = this.session.undo();
    if (action === null) {
      this.session.say('Nothing to undo');
      return;
    }
    const many = action.photos > 1 ? ` of ${action.photos} photos` : '';
    void this.show(
      action.subject,
      `Undone: ${action.judgement === null ? action.kind : judgementText(action.judgement)}${many}.`,
    );
  }

  /** Redoes the last undone action. After a decision shows the next open photo, otherwise the action's photo. */
  redo(): void {
    const action = this.session.redo();
    if (action === null) {
      this.session.say('Nothing to redo');
      return;
    }
    this.#queue = goTo(this.#queue, action.subject);
    if (action.judgement !== null) this.#toNextOpen();
    this.#settle(`Done again: ${action.judgement === null ? action.kind : judgementText(action.judgement)}.`);
  }

  /** Moves by `by` photos, clamped to the first and last. Earlier decided photos precede the first one. */
  move(by: number): void {
    const before = this.#queue;
    const earlier = by < 0 && before.at === 0 ? this.#earlier() : undefined;
    this.#queue = earlier === undefined ? move(before, by) : goTo(before, earlier);
    if (shownIn(before) === null && by < 0) this.#queue = move(before, -1);
    this.#settle('');
  }

  /** Shows a photo. Reads it first if it is not loaded. */
  async show(subject: Subject, said = ''): Promise<void> {
    this.#queue = goTo(this.#queue, subject);
    this.#settle(said);
    if (this.session.shelf.photo(subject) !== undefined) return;
    this.#loading += 1;
    await this.session.load([subject]).catch((error: unknown) => this.session.say(String(error)));
    this.#loading -= 1;
    // Another reviewer may have the photo.
    this.#supply?.renew();
    if (this.photo === null && this.#loading === 0) this.#toNextOpen();
    this.#settle('');
  }

  /** The decisions in the strip, newest last. */
  get decisions(): ReturnType<typeof lastDecisions> {
    return lastDecisions(this.session.history, STRIP_PHOTOS);
  }

  async #readDisputes(): Promise<void> {
    try {
      this.#queue = withMore(this.#queue, await readDisputes(this.session, this.view.filter.wnid));
    } catch (error) {
      this.#trouble = messageOf(error);
    }
    this.isReady = true;
    this.#settle('');
  }

  #earlier(): Subject | undefined {
    return this.decisions.map(({ subject }) => subject).findLast((one) => !hasSubject(this.#queue, one));
  }

  /** True if the photo needs a decision here. */
  #isOpen = (subject: Subject): boolean => {
    const photo = this.session.shelf.photo(subject);
    return this.isForDisputes ? photo?.isSettled === false : photo?.state === 'open';
  };

  #toNextOpen(): void {
    this.#queue = toNextOpen(this.#queue, this.#isOpen);
  }

  #take(answer: Pick<LeaseAnswer, 'photos' | 'lost'> | null): void {
    const { photos, lost } = answer ?? { photos: [], lost: [] };
    this.session.put(photos);
    const shown = shownIn(this.#queue);
    const wasWithOther = this.isWithOther;
    if (answer !== null) this.#keepWithoutLost(lost);
    this.#queue = withMore(this.#queue, photos);
    const { photo } = this;
    const isNone = photo === null && this.#loading === 0;
    if (isNone || (shown === null && photo !== null && photo.state !== 'open')) this.#toNextOpen();
    const isMore = this.isReady && shown === null && this.photo !== null;
    this.isReady = true;
    this.#settle(isMore ? 'More photos.' : this.#newsOfOther(wasWithOther));
  }

  #newsOfOther(wasWithOther: boolean): string {
    const isNew = this.isWithOther && !wasWithOther;
    return isNew ? 'Another reviewer has this photo now. Your verdict counts, too.' : '';
  }

  /** Removes photos that others have leased from the queue, except the shown one. */
  #keepWithoutLost(lost: readonly Subject[]): void {
    const shown = shownIn(this.#queue);
    const shownKey = shown === null ? null : subjectKey(shown);
    const isShown = (one: Subject): boolean => subjectKey(one) === shownKey;
    this.#withOther = lost.some(isShown) ? shownKey : null;
    this.#queue = without(
      this.#queue,
      lost.filter((one) => !isShown(one) && this.#isOpen(one)),
    );
  }

  #need(): ReturnType<SupplyOptions['need']> {
    const { subjects, at } = this.#queue;
    return {
      open: subjects.filter(this.#isOpen),
      ahead: subjects.filter((one, i) => i >= at && this.#isOpen(one)).length,
      from: this.#lastWnid,
    };
  }

  /** Call after each change of the queue: announces the shown photo and preloads the next ones. */
  #settle(said: string): void {
    const { photo, session } = this;
    if (photo !== null) this.#lastWnid = photo.wnid;
    if (said !== '') session.say(`${said} ${this.#spoken()}`);
    const undone = nextUndo(session.history);
    const ahead = this.next(PICTURES_AHEAD);
    if (photo !== null) this.pictures.of(photo.sha256);
    for (const { sha256 } of ahead) this.pictures.prepare(sha256);
    if (undone !== null) this.pictures.of(undone.subject.sha256);
    for (const one of photo === null ? [] : [photo, ...ahead.slice(0, EVIDENCE_AHEAD)]) {
      this.evidence.want(subjectKey(one), () => session.api.evidence(one));
      for (const wnid of [one.wnid, one.confusionWnid]) this.#classPages.want(wnid, () => session.api.classPage(wnid));
    }
    if (photo !== null) this.evidence.hurry(subjectKey(photo));
    this.#supply?.refill();
    session.changed();
  }

  #spoken(): string {
    const { photo } = this;
    if (photo === null) return this.isReady ? 'No photo is left.' : '';
    return `Shown: searched as ${photo.name}, models see ${photo.confusionName}.`;
  }
}
