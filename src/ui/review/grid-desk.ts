import type { ActionsAnswer, ReviewFilter, ReviewPhoto } from '../../review/desk/desk.ts';
import type { Judgement, Subject } from '../../review/events/event.ts';
import { countText } from '../../kernel/texts.ts';
import { isGone, type PhotoChange } from './grid-chips.ts';
import { messageOf, ROWS_MAX } from './api.ts';
import { refKey, type DoneAction } from './history.ts';
import type { Made, ReviewSession } from './session.ts';
import { subjectKey } from './shelf.ts';
import { judgementText } from './words.ts';

/** Delay before a request, so that photos passing by in a fast scroll are not read. */
const WAIT_MS = 60;
const AGAIN_AFTER_MS = 3_000;

const STATE_OF = { accept: 'accepted', reject: 'rejected', unsure: 'unsure' } as const;

/** Reads the grid's photos when they come into view, and decides on many at once. */
export class GridDesk {
  readonly #session: ReviewSession;
  /** Photos that are up to date. */
  readonly #read = new Set<string>();
  readonly #unlisted = new Set<string>();
  readonly #asked = new Set<string>();
  /** The change of each action of this page since the grid was filled. */
  readonly #made = new Map<string, Pick<Made, 'subjects'> & { readonly change: PhotoChange }>();
  /** The actions that `#changes` was computed from. */
  #done: readonly DoneAction[] = [];
  #changes: ReadonlyMap<string, PhotoChange> = new Map();
  #wanted: readonly Subject[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #trouble: string | null = null;

  constructor(session: ReviewSession) {
    this.#session = session;
    session.onAnswer = (answer) => this.#take(answer);
  }

  /** Why photos cannot be read; null if they can. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Undefined while the photo is being read; `null` if it is no longer listed. */
  at(subject: Subject): ReviewPhoto | null | undefined {
    const key = subjectKey(subject);
    if (this.#unlisted.has(key)) return null;
    const photo = this.#session.shelf.photo(subject);
    // A row that is read before the server has the decision is out of date.
    const change = this.#session.outbox.waiting > 0 ? this.#changesNow().get(key) : undefined;
    return photo === undefined || change === undefined ? photo : { ...photo, ...change };
  }

  /** Reads the photos in view that are unknown or out of date. */
  want(subjects: readonly Subject[]): void {
    this.#wanted = subjects;
    this.#askIn(WAIT_MS);
  }

  /** Re-reads the photos in view, and others when they come into view. */
  readAgain(): void {
    this.#read.clear();
    this.#unlisted.clear();
    this.#askIn(0);
  }

  /** Call when the grid is filled again: earlier decisions then no longer count as changes. */
  forgetChanges(): void {
    this.#made.clear();
    this.#done = [];
  }

  decide(subjects: readonly Subject[], judgement: Judgement): void {
    const change = { state: STATE_OF[judgement.verdict], reason: judgement.reason };
    for (const made of this.#session.decide(subjects, judgement, 'grid'))
      this.#made.set(refKey(made.ref), { subjects: made.subjects, change });
    this.#session.say(`${countText(subjects.length)} ${judgementText(judgement)}`);
  }

  flag(subjects: readonly Subject[]): void {
    const { flagged, ref } = this.#session.flag(subjects);
    if (ref !== null) this.#made.set(refKey(ref), { subjects, change: { flagged } });
  }

  /** Undoes the last action for all its photos. Returns the action; `null` if there is none. */
  undo(): DoneAction | null {
    const action = this.#session.undo();
    this.#session.say(action === null ? 'Nothing to undo' : `${countText(action.photos)} undone`);
    return action;
  }

  /** Redoes the last undone action. Returns the action; `null` if there is none. */
  redo(): DoneAction | null {
    const action = this.#session.redo();
    this.#session.say(action === null ? 'Nothing to redo' : `${countText(action.photos)} done again`);
    return action;
  }

  /** Counts the photos in the grid that no longer pass the filter. */
  countGone(filter: ReviewFilter): number {
    let count = 0;
    for (const change of this.#changesNow().values()) if (isGone(change, filter)) count += 1;
    return count;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#wanted = [];
    this.#session.onAnswer = () => {};
  }

  /** The changes by photo since the grid was filled, without undone ones. */
  #changesNow(): ReadonlyMap<string, PhotoChange> {
    const { done } = this.#session.history;
    if (done === this.#done) return this.#changes;
    const changes = new Map<string, PhotoChange>();
    for (const action of done) {
      const { subjects, change } = this.#made.get(refKey(action)) ?? { subjects: [], change: {} };
      for (const subject of subjects) {
        const key = subjectKey(subject);
        changes.set(key, { ...changes.get(key), ...change });
      }
    }
    this.#done = done;
    this.#changes = changes;
    return changes;
  }

  #take({ results, photos }: ActionsAnswer): void {
    const touched = results.reduce((sum, { stored, skipped }) => sum + stored + skipped, 0);
    if (touched > photos.length) this.readAgain();
  }

  #askIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), ms);
  }

  async #ask(): Promise<void> {
    const missing = this.#wanted.filter((subject) => this.#isMissing(subjectKey(subject))).slice(0, ROWS_MAX);
    if (missing.length === 0) return;
    const keys = missing.map(subjectKey);
    for (const key of keys) this.#asked.add(key);
    try {
      const { photos } = await this.#session.api.rows(missing);
      const listed = new Set(photos.map(subjectKey));
      for (const key of keys) (listed.has(key) ? this.#read : this.#unlisted).add(key);
      this.#trouble = null;
      this.#session.put(photos);
      this.#askIn(0);
    } catch (error) {
      this.#trouble = messageOf(error);
      this.#session.changed();
      this.#askIn(AGAIN_AFTER_MS);
    } finally {
      for (const key of keys) this.#asked.delete(key);
    }
  }

  #isMissing(key: string): boolean {
    return !this.#asked.has(key) && !this.#read.has(key) && !this.#unlisted.has(key);
  }
}
